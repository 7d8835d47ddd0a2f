"""The same goods elsewhere: one product in five countries, and the five regimes side by side."""

from collections.abc import Mapping
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
    _five_countries(teller)
    _five_regimes(teller)


def _five_countries(teller: Teller) -> None:
    paper = teller.paper
    paper.chapter("The same bag at five doors, all in, told in euro")
    found = {country: _quoted(teller, BAG, country)["options"][0] for country in DOORS}
    paper.call("POST /v1/quotes", "201", f"1 × {BAG}, five times; China with the importer's identity")
    rows = [("regime", *(_regime(option) for option in found.values()))]
    rows += [
        (CHARGE_NAMES.get(charge, charge), *(money(option[charge]) for option in found.values()))
        for charge in (*CHARGES, "total")
    ]
    paper.table(rows, "l" + "r" * len(found), ("", *found))
    paper.space()
    paper.table(
        [(country, " · ".join(_rules(option))) for country, option in found.items()], "ll", ("", "rules")
    )
    paper.say("* Not verified: the authority's page has not been read; allowed on one machine only.")
    paper.space()
    left_out = [
        (country, missing["charge"].replace("_", " "), missing["reason"])
        for country, option in found.items()
        for missing in option["not_included"]
    ]
    paper.table(left_out, "lll", ("", "not included", "why"))


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


def _quoted(teller: Teller, sku: str, country: str) -> Any:
    body: dict[str, Any] = {
        "lines": [{"sku": sku, "quantity": 1}],
        "ship_to": DOORS[country],
        "currency": "EUR",
    }
    if country == "CN":
        name = DOORS["CN"]["name"]
        body["importer_identity"] = {"kind": "cn_resident_id", "name": name, "number": MADE_UP_ID}
    return teller.api.call("POST", "/v1/quotes", body).expect(201)


def _regime(option: Mapping[str, Any]) -> str:
    return " ".join(dict.fromkeys(parcel["regime"] for parcel in option["parcels"]))


def _rules(option: Mapping[str, Any]) -> list[str]:
    """The rules of duty, tax and fees, without the amounts."""
    named = ("duty", "import_tax", "fees")
    rules = [
        entry["rule"] + ("*" if _UNVERIFIED in entry["note"] else "")
        for entry in option["explain"]
        if entry["charge"] in named
    ]
    return list(dict.fromkeys(rules))
