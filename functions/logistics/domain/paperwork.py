"""The papers of a shipment: commercial invoice, CN22, CN23 and packing list, from what the order and it say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from entrepot.kernel.money import Money
from functions.logistics.domain import pdf

_LEFT: Final = 45
_RIGHT: Final = pdf.WIDTH - 45
_TOP: Final = pdf.HEIGHT - 55
_BOTTOM: Final = 60
_STEP: Final = 12


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives; `address` line by line, without the name."""

    name: str
    address: tuple[str, ...]
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredLine:
    """`weight_grams` is net, of one unit, None where an old order did not keep it; so for code and origin."""

    sku: str
    description: str
    quantity: int
    unit_price: Money
    goods: Money
    hs_code: str | None
    origin_country: str | None
    weight_grams: int | None

    @property
    def net_grams(self) -> int | None:
        return None if self.weight_grams is None else self.weight_grams * self.quantity


@dataclass(frozen=True, slots=True)
class Declaration:
    """What customs is told of a shipment. charges: name and amount, in the order printed; they sum to `total`."""

    shipment_id: str
    order_id: str
    on: date
    sender: Party
    consignee: Party
    carrier: str
    tracking_number: str
    incoterm: str
    lines: tuple[DeclaredLine, ...]
    charges: tuple[tuple[str, Money], ...]
    total: Money

    @property
    def net_grams(self) -> int | None:
        """None where the weight of a line is not known."""
        weights = [line.net_grams for line in self.lines]
        return None if None in weights else sum(weight for weight in weights if weight is not None)


def commercial_invoice(declared: Declaration) -> bytes:
    sheet = _Sheet("Commercial invoice", declared)
    sheet.parties("Seller / exporter", "Consignee / importer")
    sheet.table(
        [("Goods", 0), ("HS code", 230), ("Origin", 290), ("Units", -370), ("Unit price", -435), ("Amount", -505)],
        [
            (
                _described(line), line.hs_code or "-", line.origin_country or "-", str(line.quantity),
                _amount(line.unit_price), _amount(line.goods),
            )
            for line in declared.lines
        ],
    )  # fmt: skip
    charges = [(name, _amount(amount)) for name, amount in declared.charges]
    sheet.sums(*charges, (f"Total {declared.total.currency}", _amount(declared.total)))
    sheet.note(
        f"All amounts in {declared.total.currency}. Terms: {declared.incoterm.upper()} (Incoterms 2020). The exporter "
        "declares that the particulars of this invoice are true and correct."
    )
    return sheet.pdf()


def cn22(declared: Declaration) -> bytes:
    """The short declaration of the post, for letter-post items up to 300 SDR."""
    sheet = _Sheet("Customs declaration CN 22", declared)
    sheet.note("Sale of goods. May be opened officially. For items up to 300 SDR; above that CN 23.")
    _customs_table(sheet, declared)
    sheet.note(_UNDERSIGNED)
    return sheet.pdf()


def cn23(declared: Declaration) -> bytes:
    """The full declaration of the post."""
    sheet = _Sheet("Customs declaration CN 23", declared)
    sheet.parties("From", "To")
    sheet.note("Category of item: sale of goods. May be opened officially.")
    _customs_table(sheet, declared)
    freight = next((amount for name, amount in declared.charges if name == "Freight"), None)
    if freight is not None:
        sheet.note(
            f"Postal charges: {freight}. Terms: {declared.incoterm.upper()}. Invoice: {declared.shipment_id}."
        )
    sheet.note(_UNDERSIGNED)
    return sheet.pdf()


def packing_list(declared: Declaration) -> bytes:
    sheet = _Sheet("Packing list", declared)
    sheet.parties("From", "To")
    sheet.table(
        [("Goods", 0), ("SKU", 260), ("Units", -420), ("Net weight kg", -505)],
        [
            (line.description, line.sku, str(line.quantity), _kilograms(line.net_grams)) for line in declared.lines
        ],
    )  # fmt: skip
    units = sum(line.quantity for line in declared.lines)
    sheet.sums(("Units", str(units)), ("Net weight kg", _kilograms(declared.net_grams)))
    return sheet.pdf()


PAPERS: Final[dict[str, Callable[[Declaration], bytes]]] = {
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


def _customs_table(sheet: "_Sheet", declared: Declaration) -> None:
    sheet.table(
        [("Contents", 0), ("Units", -240), ("Net kg", -300), ("Value", -385), ("HS code", 400), ("Origin", 465)],
        [
            (
                line.description, str(line.quantity), _kilograms(line.net_grams), str(line.goods),
                line.hs_code or "-", line.origin_country or "-",
            )
            for line in declared.lines
        ],
    )  # fmt: skip
    value = Money(sum(line.goods.amount for line in declared.lines), declared.total.currency)
    sheet.sums(("Total weight kg", _kilograms(declared.net_grams)), ("Total value", str(value)))


def _described(line: DeclaredLine) -> str:
    return f"{line.description} ({line.sku})"


def _amount(money: Money) -> str:
    return str(money).removeprefix(f"{money.currency} ")


def _kilograms(grams: int | None) -> str:
    return "-" if grams is None else f"{grams // 1000}.{grams % 1000:03d}"


class _Sheet:
    """A document being written from the top down, over as many pages as it takes."""

    def __init__(self, title: str, declared: Declaration) -> None:
        self._title = title
        self._declared = declared
        self._pages: list[pdf.Page] = []
        self._turn()

    def parties(self, sender: str, consignee: str) -> None:
        columns = [(_LEFT, sender, self._declared.sender), (_LEFT + 260, consignee, self._declared.consignee)]
        blocks = [(x, title, self._party(party)) for x, title, party in columns]
        self._room((max(len(lines) for *_, lines in blocks) + 2) * _STEP)
        for x, title, lines in blocks:
            self._page.text(x, self._y, title, 7, bold=True)
            for number, line in enumerate(lines, start=1):
                self._page.text(x, self._y - number * _STEP, line)
        self._y -= (max(len(lines) for *_, lines in blocks) + 2) * _STEP

    def table(self, columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[str]]) -> None:
        """columns: title and offset; a negative one is where the column's right edge lies."""
        self._head(columns)
        room = self._first_room(columns)
        for row in rows:
            lines = pdf.wrapped(row[0], room)
            if self._room(len(lines) * _STEP + 4):
                self._head(columns)
            for number, line in enumerate(lines):
                self._page.text(_LEFT, self._y - number * _STEP, line)
            for (_, offset), cell in list(zip(columns, row, strict=True))[1:]:
                self._cell(offset, cell)
            self._y -= len(lines) * _STEP + 4
        self._page.rule(_LEFT, _RIGHT, self._y + _STEP - 2)
        self._y -= 6

    def sums(self, *rows: tuple[str, str]) -> None:
        """Names and amounts on one page, the last of them the total."""
        self._room(len(rows) * (_STEP + 2))
        for number, (name, amount) in enumerate(rows, start=1):
            self._page.right(_RIGHT - 95, self._y, name, bold=number == len(rows))
            self._page.right(_RIGHT, self._y, amount, bold=number == len(rows))
            self._y -= _STEP + 2

    def note(self, text: str) -> None:
        lines = pdf.wrapped(text, _RIGHT - _LEFT, 8)
        self._room(len(lines) * _STEP + 8)
        self._y -= 6
        for line in lines:
            self._page.text(_LEFT, self._y, line, 8)
            self._y -= _STEP
        self._y -= 4

    def pdf(self) -> bytes:
        for number, page in enumerate(self._pages, start=1):
            page.right(_RIGHT, 35, f"{number} / {len(self._pages)}", 7)
        return pdf.rendered(self._pages, f"{self._title} {self._declared.shipment_id}")

    def _party(self, party: Party) -> list[str]:
        lines = [party.name, *party.address, *([party.phone] if party.phone else [])]
        return [part for line in lines for part in pdf.wrapped(line, 240)]

    def _head(self, columns: Sequence[tuple[str, int]]) -> None:
        self._room(3 * _STEP)
        for title, offset in columns:
            self._cell(offset, title, 7, bold=True)
        self._page.rule(_LEFT, _RIGHT, self._y - 4)
        self._y -= _STEP + 6

    def _cell(self, offset: int, text: str, size: float = 9, *, bold: bool = False) -> None:
        if offset < 0:
            self._page.right(_LEFT - offset, self._y, text, size, bold=bold)
        else:
            self._page.text(_LEFT + offset, self._y, text, size, bold=bold)

    @staticmethod
    def _first_room(columns: Sequence[tuple[str, int]]) -> float:
        """How wide the first column is: a column that ends at its edge begins some 65 points before it."""
        offset = columns[1][1]
        return (offset if offset > 0 else -offset - 55) - 10

    def _room(self, needed: float) -> bool:
        """Turns the page where `needed` does not fit; says whether it did."""
        if self._y - needed >= _BOTTOM:
            return False
        self._turn()
        return True

    def _turn(self) -> None:
        declared = self._declared
        self._page = pdf.Page()
        self._pages.append(self._page)
        self._page.text(_LEFT, _TOP, self._title, 15, bold=True)
        self._page.right(_RIGHT, _TOP + 4, f"No. {declared.shipment_id}", 8)
        self._page.right(_RIGHT, _TOP - 7, f"{declared.on.isoformat()}, order {declared.order_id}", 8)
        self._page.text(_LEFT, _TOP - 18, f"{declared.carrier}, waybill {declared.tracking_number}", 8)
        self._page.rule(_LEFT, _RIGHT, _TOP - 26)
        self._y: float = _TOP - 44
