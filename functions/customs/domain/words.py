"""Words of a text as an index knows them, and which entries share the rarest of them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest
from math import log
from typing import Final, NamedTuple

_WORD: Final = re.compile(r"[a-z0-9]+")
_SAYING_NOTHING: Final = """
a an and any are as at be by for from in into is it its nec no not of on or other than that the their them these this to
which whether with without including excluding included excluded heading subheading chapter article similar like having
used use n e c
"""
_STOP: Final = frozenset(_SAYING_NOTHING.split())
_MOST_WORDS: Final = 80
_EVERYDAY: Final[Mapping[str, tuple[str, ...]]] = {
    "backpack": ("travel", "bag"),
    "blanket": ("blanket", "travelling", "rug"),
    "cellphone": ("smartphone",),
    "coat": ("overcoat", "coat"),
    "espresso": ("coffee", "maker"),
    "earbud": ("earphone", "headphone"),
    "gown": ("dress",),
    "hoodie": ("pullover", "jersey"),
    "jeans": ("trouser", "denim"),
    "jean": ("trouser", "denim"),
    "laptop": ("portable", "automatic", "data", "processing"),
    "lego": ("toy",),
    "lipstick": ("lip", "make", "up"),
    "mobile": ("smartphone", "telephone"),
    "mug": ("tableware",),
    "necklace": ("jewellery",),
    "notebook": ("notebook", "portable", "automatic", "data", "processing"),
    "pant": ("trouser",),
    "perfume": ("perfume",),
    "phone": ("smartphone", "telephone"),
    "powerbank": ("accumulator", "lithium", "ion"),
    "purse": ("handbag",),
    "ring": ("jewellery", "ring"),
    "sneaker": ("footwear", "sport", "outer", "sole"),
    "shoe": ("footwear",),
    "sweater": ("jersey", "pullover", "cardigan"),
    "sweatshirt": ("jersey", "pullover"),
    "tablet": ("portable", "automatic", "data", "processing"),
    "tee": ("t", "shirt"),
    "tshirt": ("t", "shirt"),
    "vape": ("electronic", "cigarette", "vaporising"),
    "wallet": ("pocket", "handbag"),
}
"""What shops call goods, in the nomenclature's own words."""


_IRREGULAR: Final[Mapping[str, str]] = {
    "children": "child",
    "knives": "knife",
    "leaves": "leaf",
    "men": "man",
    "scarves": "scarf",
    "shelves": "shelf",
    "women": "woman",
}


class Index(NamedTuple):
    """By word the entries that hold it with their weights; by entry its length."""

    postings: Mapping[str, Sequence[tuple[str, int]]]
    lengths: Mapping[str, int]
    average: float

    def best(self, asked: Iterable[str], most: int) -> list[tuple[str, tuple[str, ...]]]:
        """At most `most` entries with the words that they share with what is asked, best first; ties by entry.

        Source: Okapi BM25 with k1 = 1.2 and b = 0.5.
        """
        scores: dict[str, float] = {}
        matched: dict[str, list[str]] = {}
        for word in dict.fromkeys(asked):
            found = self.postings.get(word, ())
            rarity = log(1 + (len(self.lengths) - len(found) + 0.5) / (len(found) + 0.5))
            for entry, weight in found:
                worn = weight + 1.2 * (0.5 + 0.5 * self.lengths[entry] / self.average)
                scores[entry] = scores.get(entry, 0.0) + rarity * weight * 2.2 / worn
                matched.setdefault(entry, []).append(word)
        ranked = nsmallest(most, scores, key=lambda entry: (-scores[entry], entry))
        return [(entry, tuple(matched[entry])) for entry in ranked]


def indexed(entries: Mapping[str, Mapping[str, int]]) -> Index:
    """An index of entries by the weights of their words."""
    postings: dict[str, list[tuple[str, int]]] = {}
    for entry, weights in entries.items():
        for word, weight in weights.items():
            postings.setdefault(word, []).append((entry, weight))
    lengths = {entry: len(weights) for entry, weights in entries.items()}
    return Index(postings, lengths, sum(lengths.values()) / max(1, len(lengths)))


def words(text: str) -> list[str]:
    """The distinct words of a text that say something, in the singular; numbers say nothing."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    letters = (
        plain if plain is text else "".join(letter for letter in plain if not unicodedata.combining(letter))
    )
    found = _WORD.findall(letters.casefold())
    return list(dict.fromkeys(_singular(word) for word in found if word not in _STOP and not word.isdigit()))


def asked(text: str) -> list[str]:
    """The words of a product's text, what shops call goods in the nomenclature's words too; at most eighty."""
    return list(dict.fromkeys(found for word in words(text) for found in (word, *_EVERYDAY.get(word, ()))))[
        :_MOST_WORDS
    ]


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
