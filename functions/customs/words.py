"""What shops call goods, in the nomenclature's own words, and the words that say nothing."""

from collections.abc import Mapping
from typing import Final

_SAYING_NOTHING: Final = """
a an and any are as at be by for from in into is it its nec no not of on or other than that the their them these this to
which whether with without including excluding included excluded heading subheading chapter article similar like having
used use n e c s new free
"""
SAYING_NOTHING: Final = tuple(_SAYING_NOTHING.split())
EVERYDAY: Final[Mapping[str, str]] = {
    "backpack": "travel bag",
    "blanket": "travelling rug",
    "cellphone": "smartphone",
    "child": "children",
    "coat": "overcoat",
    "drill": "drills hand motor",
    "earbud": "headphone earphone",
    "earphone": "headphone",
    "espresso": "coffee maker",
    "gown": "dress",
    "handbag": "handbag shoulder strap",
    "headset": "headphone earphone",
    "helmet": "safety headgear",
    "hoodie": "pullover jersey",
    "jeans": "trousers denim",
    "knife": "knives",
    "lamp": "luminaires",
    "laptop": "portable automatic data processing",
    "leaf": "leaves",
    "lego": "toy",
    "lipstick": "lip make-up",
    "man": "men",
    "mobile": "smartphone telephone",
    "mug": "tableware",
    "necklace": "jewellery precious metal",
    "notebook": "portable automatic data processing",
    "pants": "trousers",
    "phone": "smartphone telephone",
    "powerbank": "accumulator lithium ion",
    "purse": "handbag",
    "ring": "jewellery precious metal",
    "scarf": "scarves",
    "shelf": "shelves",
    "shoe": "footwear",
    "sneaker": "footwear sports outer soles",
    "sofa": "seats upholstered",
    "speaker": "loudspeakers",
    "stroller": "baby carriages",
    "sweater": "jersey pullover cardigan",
    "sweatshirt": "jersey pullover",
    "tablet": "portable automatic data processing",
    "tee": "t-shirt",
    "tshirt": "t-shirt",
    "vape": "electronic cigarette vaporising",
    "wallet": "pocket handbag",
    "woman": "women",
}
"""The keys are single words; index and query take both sides by their stems."""
