"""The packaged rule book: the files beside this module.

The rules are read once per process, when first asked for; of the rates only the headings that are looked up.
"""

import json
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

from entrepot.kernel.money import Money, major_units
from functions.customs import nomenclature
from functions.customs.domain.rulebook import (
    Band,
    Lane,
    Method,
    Regime,
    Restriction,
    Rule,
    RuleBook,
    rule_book,
)
from functions.customs.tariff_files import TariffFiles

_DATA: Final = Path(__file__).parent / "data"


@cache
def packaged_book() -> RuleBook:
    """The rules and rates that are shipped with the code.

    Raises: KeyError, ValueError: a file is wrong; a test reads them all.
    """
    book = json.loads((_DATA / "rules.json").read_text("utf-8"))
    excise = tuple(book["excise_hs"])
    return rule_book(
        version=book["version"],
        unions={country: union for union, members in book["unions"].items() for country in members},
        excise_hs=excise,
        rules=[_rule(row, excise) for row in book["rules"]],
        rates=(),
    )._replace(
        rates=TariffFiles(_DATA / "rates", book["sources"], book["origin_groups"]),
        restrictions=_restrictions(),
        knows_hs=nomenclature.known,
    )


def _restrictions() -> dict[str, list[Restriction]]:
    found: dict[str, list[Restriction]] = {}
    for row in json.loads((_DATA / "restrictions.json").read_text("utf-8")):
        restriction = Restriction(
            row_id=row["id"],
            kind=row["kind"],
            hs_prefixes=tuple(row.get("hs", ())),
            origins=tuple(row.get("origins", ())),
            hazards=tuple(row.get("hazards", ())),
            conveyances=tuple(row.get("conveyances", ())),
            effective_from=date.fromisoformat(row["effective_from"]),
            effective_to=_day(row.get("effective_to")),
            title=row["title"],
            source=row["source"],
            retrieved=date.fromisoformat(row["retrieved"]),
            confidence=row["confidence"],
            remedy=row["remedy"],
        )
        for territory in row["territories"]:
            found.setdefault(territory, []).append(restriction)
    return found


def _rule(row: Mapping[str, Any], excise: tuple[str, ...]) -> Rule:
    return Rule(
        rule_id=row["id"],
        scheme=row["scheme"],
        territory=row["territory"],
        regimes=tuple(Regime(regime) for regime in row["regimes"]),
        method=Method(row["method"]),
        charge=row["charge"],
        effective_from=date.fromisoformat(row["effective_from"]),
        effective_to=_day(row.get("effective_to")),
        title=row["title"],
        source=row["source"],
        retrieved=date.fromisoformat(row["retrieved"]),
        confidence=row["confidence"],
        if_unconfirmed=row.get("if_unconfirmed"),
        basis=tuple(row.get("basis", ())),
        rate=Fraction(row["rate"]) if "rate" in row else None,
        share=Fraction(row.get("share", "1")),
        amount=_money(row) if "amount" in row else None,
        band=_band(row["band"]) if "band" in row else None,
        only_hs=tuple(row.get("only_hs", ())),
        excluded_hs=_excluded(row.get("excluded_hs", ()), excise),
        lane=_lane(row["lane"]) if "lane" in row else None,
        regions=tuple(row.get("regions", ())),
        postal_prefixes=tuple(row.get("postal_prefixes", ())),
        origins=tuple(row.get("origins", ())),
        importers=tuple(row.get("importers", ())),
        registered=row.get("registered", True),
        bonded_inside=row.get("bonded_inside", False),
        authority=row.get("authority", ""),
        liable=row.get("liable", "seller"),
        rounding=row.get("rounding", "half_up"),
        note=row.get("note", ""),
    )


def _band(row: Mapping[str, Any]) -> Band:
    return Band(side=row["side"], limit=_money(row), of=tuple(row["of"]), per=row.get("per", "consignment"))


def _lane(row: Mapping[str, Any]) -> Lane:
    return Lane(tuple(row.get("dispatches", ())), tuple(row.get("conveyances", ())), row.get("side", "on"))


def _excluded(prefixes: str | list[str], excise: tuple[str, ...]) -> tuple[str, ...]:
    return excise if prefixes == "excise" else tuple(prefixes)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _money(row: Mapping[str, Any]) -> Money:
    return major_units(row["amount"], row["currency"])
