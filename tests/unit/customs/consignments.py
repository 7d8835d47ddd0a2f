"""Consignments for the tests of customs: one sentence builds one."""

from dataclasses import replace
from datetime import date

from entrepot.kernel.money import Money, major_units, zero
from functions.customs.book import packaged_book
from functions.customs.domain import Assessment, Consignment, ConsignmentLine, assess
from functions.rates.facade import RateTable, current

ON = date(2026, 11, 22)
RATES: RateTable = current(ON)


def money(text: str) -> Money:
    """`money("EUR 19.99")`."""
    currency, amount = text.split()
    return major_units(amount, currency)


def line(text: str, quantity: int = 1, category: str | None = None, key: str = "") -> ConsignmentLine:
    """`line("610910 CN EUR 19.99")`: HS code, origin, whole price after discounts."""
    hs_code, origin, price = text.split(maxsplit=2)
    return ConsignmentLine(key or hs_code, hs_code, origin, quantity, money(price), category)


def consignment(
    route: str,
    *lines: ConsignmentLine,
    freight: str | None = None,
    mode: str = "direct_mail",
    **more: object,
) -> Consignment:
    """`consignment("CN-DE", line(...))`: one unit in the order, duty paid, no identity, free freight."""
    dispatch, destination = route.split("-")
    currency = lines[0].goods.currency
    plain = Consignment(
        dispatch_country=dispatch,
        destination_country=destination,
        destination_region=None,
        mode=mode,  # type: ignore[arg-type]
        currency=currency,
        lines=lines,
        freight=money(freight) if freight else zero(currency),
        insurance=zero(currency),
        incoterm="ddp",
        has_importer_identity=False,
        units_in_order=1,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def assessed(goods: Consignment, on: date = ON, allow_unverified: bool = True) -> Assessment:
    return assess(goods, on, RATES, packaged_book(), allow_unverified)


def amounts(found: Assessment) -> tuple[str, str]:
    """Duty and import tax, as people write them."""
    return str(found.duty), str(found.import_tax)


def explained(found: Assessment) -> dict[str, str]:
    """What each row charged, by the row's name."""
    return {one.rule: str(one.amount) for one in found.explain if one.charge != "regime"}


def not_included(found: Assessment) -> list[tuple[str, str | None]]:
    return [(one.charge, str(one.amount) if one.amount else None) for one in found.not_included]
