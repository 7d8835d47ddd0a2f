"""A worked case: what an authority's page says, as goods in and amounts, or a refusal, out."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from entrepot.kernel.refusals import Refusal
from functions.customs.domain import Consignment, ConsignmentLine
from tests.unit.customs.consignments import ON, amounts, assessed, consignment, line

REFUSED = "refused"


@dataclass(frozen=True)
class Worked:
    """`regime`, `duty` and `import_tax`; of a case that is `refused`, the code and the row or kind at fault.

    `told`: the charges that are not included, where the case says them.
    """

    name: str
    source: str
    route: str
    lines: tuple[ConsignmentLine, ...]
    regime: str
    duty: str
    import_tax: str
    told: tuple[str, ...] | None = None
    freight: str | None = None
    on: date = ON
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.route} {self.name}"

    @property
    def goods(self) -> Consignment:
        identity = {"has_importer_identity": self.route.endswith("-CN")}
        return consignment(self.route, *self.lines, freight=self.freight, **identity | self.more)


def case(name: str, source: str, route: str, goods: str, expected: str, **more: Any) -> Worked:
    """`expected`: regime, duty and import tax, and maybe what is not included; or refused, code and row.

    `goods`: lines between commas, `2 x` before one for its quantity.
    """
    regime, duty, import_tax, *told = (part.strip() for part in expected.split("|"))
    fixed = {key: more.pop(key) for key in ("freight", "on", "category") if key in more}
    category = fixed.pop("category", None)
    lines = tuple(_line(text.strip(), category) for text in goods.split(","))
    notices = tuple(told[0].split()) if told else None
    return Worked(name, source, route, lines, regime, duty, import_tax, notices, more=more, **fixed)


def _line(text: str, category: str | None) -> ConsignmentLine:
    quantity, times, rest = text.partition(" x ")
    return line(rest, int(quantity), category) if times else line(text, category=category)


def check(worked: Worked) -> None:
    if worked.regime == REFUSED:
        with pytest.raises(Refusal) as refused:
            assessed(worked.goods, worked.on)
        facts = refused.value.facts
        assert (worked.duty, worked.import_tax) == (
            refused.value.code,
            str(facts.get("row") or facts.get("kind")),
        )
        return

    found = assessed(worked.goods, worked.on)

    assert (worked.regime, worked.duty, worked.import_tax) == (found.regime, *amounts(found))
    assert not found.fees
    if worked.told is not None:
        assert worked.told == tuple(left.charge for left in found.not_included)
