"""The papers of a shipment: what commercial invoice, CN22, CN23 and packing list say, from the order and the shipment.

What they look like stands in `data/papers.typ`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from entrepot.kernel.money import Money
from functions.logistics.domain.declaration import Declaration, Party

_HAN: Final = {"JP": "ja-jp", "KR": "ko-kr", "TW": "zh-tw", "HK": "zh-hk", "MO": "zh-hk"}
"""Whose forms of Chinese characters a text has that says no more, by destination; elsewhere those of China."""


@dataclass(frozen=True, slots=True)
class Block:
    """A party as it is set: a small title and lines below it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`figures` stand at the right edge; a `wide` column takes the room that the others leave."""

    title: str
    figures: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One paper as it is set. sums: name and amount, the last of them the total. before, after: notes about the table.
    han: language and country of the forms of Chinese characters."""

    kind: str
    title: str
    number: str
    dated: date
    order: str
    waybill: str
    han: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    sums: tuple[tuple[str, str], ...]
    parties: tuple[Block, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def commercial_invoice(declared: Declaration) -> Sheet:
    currency = declared.total.currency
    charges = [(name, _amount(amount)) for name, amount in declared.charges]
    return _sheet(
        "commercial_invoice",
        "Commercial invoice",
        declared,
        columns=(
            Column("Goods", wide=True), Column("HS code"), Column("Origin"), Column("Units", figures=True),
            Column("Unit price", figures=True), Column("Amount", figures=True),
        ),
        rows=tuple(
            (
                f"{line.description} ({line.sku})", line.hs_code or "-", line.origin_country or "-",
                str(line.quantity), _amount(line.unit_price), _amount(line.goods),
            )
            for line in declared.lines
        ),
        sums=(*charges, (f"Total {currency}", _amount(declared.total))),
        parties=_parties("Seller / exporter", "Consignee / importer", declared),
        after=(
            f"All amounts in {currency}. Terms: {declared.incoterm.upper()} (Incoterms 2020).",
            "The exporter declares that the particulars of this invoice are true and correct.",
        ),
    )  # fmt: skip


def cn22(declared: Declaration) -> Sheet:
    """The short declaration of the post, for letter-post items up to 300 SDR."""
    note = "Sale of goods. May be opened officially. For items up to 300 SDR; above that CN 23."
    return _customs("cn22", "Customs declaration CN 22", declared, before=(note,), after=(_UNDERSIGNED,))


def cn23(declared: Declaration) -> Sheet:
    """The full declaration of the post."""
    freight = next((amount for name, amount in declared.charges if name == "Freight"), None)
    charged = (
        f"Postal charges: {freight}. Terms: {declared.incoterm.upper()}. Invoice: {declared.shipment_id}."
    )
    return _customs(
        "cn23",
        "Customs declaration CN 23",
        declared,
        parties=_parties("From", "To", declared),
        before=("Category of item: sale of goods. May be opened officially.",),
        after=(_UNDERSIGNED,) if freight is None else (charged, _UNDERSIGNED),
    )


def packing_list(declared: Declaration) -> Sheet:
    units = sum(line.quantity for line in declared.lines)
    return _sheet(
        "packing_list",
        "Packing list",
        declared,
        columns=(
            Column("Goods", wide=True), Column("SKU"), Column("Units", figures=True),
            Column("Net weight kg", figures=True),
        ),
        rows=tuple(
            (line.description, line.sku, str(line.quantity), _kilograms(line.net_grams))
            for line in declared.lines
        ),
        sums=(("Units", str(units)), ("Net weight kg", _kilograms(declared.net_grams))),
        parties=_parties("From", "To", declared),
    )  # fmt: skip


PAPERS: Final[dict[str, Callable[[Declaration], Sheet]]] = {
    "commercial_invoice": commercial_invoice,
    "cn22": cn22,
    "cn23": cn23,
    "packing_list": packing_list,
}
_UNDERSIGNED: Final = (
    "I, the undersigned, whose name and address are given on the item, certify that the particulars given in this "
    "declaration are correct and that this item does not contain any dangerous article or articles prohibited by "
    "legislation or by postal or customs regulations."
)


def _customs(kind: str, title: str, declared: Declaration, **more: Any) -> Sheet:
    value = Money(sum(line.goods.amount for line in declared.lines), declared.total.currency)
    return _sheet(
        kind,
        title,
        declared,
        columns=(
            Column("Contents", wide=True), Column("Units", figures=True), Column("Net kg", figures=True),
            Column("Value", figures=True), Column("HS code"), Column("Origin"),
        ),
        rows=tuple(
            (
                line.description, str(line.quantity), _kilograms(line.net_grams), str(line.goods),
                line.hs_code or "-", line.origin_country or "-",
            )
            for line in declared.lines
        ),
        sums=(("Total weight kg", _kilograms(declared.net_grams)), ("Total value", str(value))),
        **more,
    )  # fmt: skip


def _sheet(kind: str, title: str, declared: Declaration, **more: Any) -> Sheet:
    return Sheet(
        kind=kind,
        title=title,
        number=declared.shipment_id,
        dated=declared.on,
        order=declared.order_id,
        waybill=f"{declared.carrier}, waybill {declared.tracking_number}",
        han=_HAN.get(declared.destination, "zh-cn"),
        **more,
    )


def _parties(sender: str, consignee: str, declared: Declaration) -> tuple[Block, ...]:
    return (_party(sender, declared.sender), _party(consignee, declared.consignee))


def _party(title: str, party: Party) -> Block:
    return Block(title, (party.name, *party.address, *([party.phone] if party.phone else [])))


def _amount(money: Money) -> str:
    return str(money).removeprefix(f"{money.currency} ")


def _kilograms(grams: int | None) -> str:
    return "-" if grams is None else f"{grams // 1000}.{grams % 1000:03d}"
