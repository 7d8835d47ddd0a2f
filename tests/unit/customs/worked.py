"""A worked case: what an authority's page says, as goods in and amounts out."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from functions.customs.domain import ConsignmentLine
from tests.unit.customs.consignments import ON, amounts, assessed, consignment, line


@dataclass(frozen=True)
class Worked:
    name: str
    source: str
    route: str
    lines: tuple[ConsignmentLine, ...]
    regime: str
    duty: str
    import_tax: str
    freight: str | None = None
    on: date = ON
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.route} {self.name}"


def case(name: str, source: str, route: str, goods: str, expected: str, **more: Any) -> Worked:
    """`expected`: regime, duty and import tax; `goods`: lines between commas, `2 x` before one for its quantity."""
    regime, duty, import_tax = (part.strip() for part in expected.split("|"))
    fixed = {key: more.pop(key) for key in ("freight", "on", "category") if key in more}
    category = fixed.pop("category", None)
    lines = tuple(_line(text.strip(), category) for text in goods.split(","))
    return Worked(name, source, route, lines, regime, duty, import_tax, more=more, **fixed)


def _line(text: str, category: str | None) -> ConsignmentLine:
    quantity, times, rest = text.partition(" x ")
    return line(rest, int(quantity), category) if times else line(text, category=category)


def check(worked: Worked) -> None:
    goods = consignment(
        worked.route,
        *worked.lines,
        freight=worked.freight,
        has_importer_identity=worked.route.endswith("-CN"),
        **worked.more,
    )

    found = assessed(goods, worked.on)

    assert (worked.regime, worked.duty, worked.import_tax) == (found.regime, *amounts(found))
    assert not found.fees
