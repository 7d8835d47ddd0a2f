"""The same goods elsewhere: one product at three doors side by side, at two more, and the five regimes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from infra.local.story.buying import BAG, BERLIN, CHARGE_NAMES, CHARGES, PHONES
from infra.local.story.paper import money
from infra.local.story.telling import Teller

MADE_UP_ID: Final = "999999199001010016"
"""Formed as a number of China's residents is, check digit included, in a region that is nowhere: nobody bears it."""

DOORS: Final[Mapping[str, Mapping[str, str]]] = {
    "DE": BERLIN,
    "GB": {
        "name": "Amelia Hart",
        "line1": "14 Lamb's Conduit Street",
        "city": "London",
        "postal_code": "WC1N 3LE",
        "country": "GB",
    },
    "US": {
        "name": "Jordan Reyes",
        "line1": "820 SW Salmon Street",
        "city": "Portland",
        "region": "OR",
        "postal_code": "97205",
        "country": "US",
    },
    "AU": {
        "name": "Ruby Walsh",
        "line1": "31 Little Collins Street",
        "city": "Melbourne",
        "region": "VIC",
        "postal_code": "3000",
        "country": "AU",
    },
    "CN": {
        "name": "周小禾",
        "line1": "淮海中路 999 号",
        "city": "上海",
        "region": "SH",
        "postal_code": "200031",
        "country": "CN",
    },
}
SIDE_BY_SIDE: Final[Mapping[str, str]] = {"DE": "EUR", "US": "USD", "CN": "CNY"}
"""Where the same goods are explained beside one another, each in its buyer's own currency."""
_UNVERIFIED: Final = "Not verified"
ROUTES: Final = (
    ("coffee machine", "CV-COFFEE", "Duisburg → Berlin", "DE", "domestic"),
    ("red wine", "CT-BARBERA", "Milan → Berlin", "DE", "intra_eu"),
    ("headphones", PHONES, "Shenzhen → Berlin", "DE", "import_at_sale"),
    ("laptop", "KX-BOOK-14", "Shenzhen → Berlin", "DE", "import_at_border"),
    ("night cream", "RM-NIGHT-30", "Ningbo → Shanghai", "CN", "cn_cbec"),
)


def compare(teller: Teller) -> None:
    """Two chapters of quotes that nobody takes up. Raises: StoryFailed, Unanswered."""
    _side_by_side(teller)
    _five_regimes(teller)


def _side_by_side(teller: Teller) -> None:
    paper = teller.paper
    paper.chapter(f"The same bag in {', '.join(SIDE_BY_SIDE)}: side by side, in each buyer's own currency")
    found = {
        country: _quoted(teller, BAG, country, currency)["options"][0]
        for country, currency in SIDE_BY_SIDE.items()
    }
    paper.call("POST /v1/quotes", "201", f"1 × {BAG}, three times; China with the importer's identity")
    for country, option in found.items():
        told = sum(entry["amount"]["amount"] for entry in option["explain"])
        teller.require(told == option["total"]["amount"], f"what is explained of {country} is its total")
    rows = [
        (_LABELS.get(charge, charge), *(money(option[charge]) for option in found.values()))
        for charge in (*CHARGES, "total")
    ]
    rows += [(name, *(describe(option) for option in found.values())) for name, describe in _TERMS.items()]
    paper.table(rows, "lrrr", ("", *found))
    paper.space()
    paper.say("What each amount is, and by which rule:")
    paper.table([row for country, option in found.items() for row in _explained(country, option)], "llrl")
    paper.say("* Not verified: the authority's page has not been read; allowed on one machine only.")
    paper.space()
    left_out = [
        (country, missing["charge"].replace("_", " "), missing["reason"])
        for country, option in found.items()
        for missing in option["not_included"]
    ]
    paper.table(left_out, "lll", ("", "not included", "why"))
    paper.space()
    others = {country: _quoted(teller, BAG, country)["options"][0] for country in DOORS.keys() - SIDE_BY_SIDE}
    for country in sorted(others):
        option = others[country]
        paper.say(f"At the door in {country}: {money(option['total'])}, {_regime(option)}.")


def _explained(country: str, option: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Every amount of an option with its rule by name and the first thing that is said of it."""
    rows = []
    for entry in option["explain"]:
        charge = entry["charge"]
        if charge != "regime" and not entry["amount"]["amount"] and charge in ("insurance", "fees"):
            continue
        amount = "" if charge == "regime" else money(entry["amount"])
        doubtful = "*" if _UNVERIFIED in entry["note"] else ""
        said = entry["note"].split(". ")[0].rstrip(".")
        rows.append((country, _LABELS.get(charge, charge), amount, f"{entry['rule']}{doubtful}: {said}"))
    return rows


def _five_regimes(teller: Teller) -> None:
    paper = teller.paper
    paper.chapter("Where goods lie decides: home, inside the Union, at the sale, at the border, bonded")
    rows = []
    for name, sku, route, country, regime in ROUTES:
        option = _quoted(teller, sku, country)["options"][0]
        teller.require(_regime(option) == regime, f"{sku}, {route}, goes as {regime}, not {_regime(option)}")
        charges = [money(option[charge]).removeprefix("EUR ") for charge in ("goods", "freight", "duty")]
        tax = money(option["import_tax"]).removeprefix("EUR ")
        rows.append((name, route, regime, *charges, tax, money(option["total"])))
    paper.call("POST /v1/quotes", "201", "five times")
    paper.table(rows, "lllrrrrr", ("", "route", "regime", "goods", "freight", "duty", "tax", "all in"))


def _quoted(teller: Teller, sku: str, country: str, currency: str = "EUR") -> Any:
    body: dict[str, Any] = {
        "lines": [{"sku": sku, "quantity": 1}],
        "ship_to": DOORS[country],
        "currency": currency,
    }
    if country == "CN":
        name = DOORS["CN"]["name"]
        body["importer_identity"] = {"kind": "cn_resident_id", "name": name, "number": MADE_UP_ID}
    return teller.api.call("POST", "/v1/quotes", body).expect(201)


def _regime(option: Mapping[str, Any]) -> str:
    return " ".join(dict.fromkeys(parcel["regime"] for parcel in option["parcels"]))


def _promise(option: Mapping[str, Any]) -> str:
    earliest, latest = (option["promise"][day][5:] for day in ("earliest", "latest"))
    return f"{earliest} to {latest}"


def _incoterm(option: Mapping[str, Any]) -> str:
    return " ".join(dict.fromkeys(parcel["incoterm"].upper() for parcel in option["parcels"]))


_LABELS: Final = {**CHARGE_NAMES, "fees": "parcel fees"}
_TERMS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "arrives": _promise,
    "regime": _regime,
    "incoterm": _incoterm,
}
