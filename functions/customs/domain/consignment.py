"""What goes into an assessment, and what comes out of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, Protocol

from entrepot.kernel.money import Money, total

Incoterm = Literal["ddp", "dap"]
Mode = Literal["direct_mail", "bonded", "overseas"]
Conveyance = Literal["courier", "mail"]
Importer = Literal["person", "enterprise"]
LiableParty = Literal["platform", "seller"]
ChargeKind = Literal["duty", "import_tax", "fees"]


class RateLookup(Protocol):
    """Reference rates of one day; `rates.RateTable` is one."""

    @property
    def date(self) -> dt.date: ...

    @property
    def source(self) -> str: ...

    def rate(self, currency: str, into: str) -> Fraction: ...

    def convert(self, money: Money, currency: str) -> Money: ...


@dataclass(frozen=True, slots=True)
class ConsignmentLine:
    """Goods of one kind. `goods` is their whole price after discounts, net of tax.

    `key` is the caller's own name for the line, unique in the consignment. `hs_code` holds 6 to 10 digits.
    `weight_grams` is the net weight of one unit: needed where a duty is charged by weight. `hazards` are the flags of
    the goods, such as `battery`, `liquid` or `magnet`. `measures` tells how much of a unit of quantity
    (`litre`, `pair`) one unit of the goods holds, where a duty is charged by it.
    """

    key: str
    hs_code: str
    origin_country: str
    quantity: int
    goods: Money
    tax_category: str | None = None
    weight_grams: int | None = None
    hazards: tuple[str, ...] = ()
    measures: Mapping[str, Fraction] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Consignment:
    """One parcel of one seller from one warehouse.

    All amounts are in `currency`. `units_in_order` counts the whole order's units. `cn_year_used` is what the
    consignee has used of the Chinese quota this year, in CNY. `seller_country` is where the seller is
    established: it decides in some countries whether the platform is the deemed supplier of goods there.
    `destination_postal_code` tells places that are in a country but not in its tax territory. `conveyance` decides in
    some countries which relief holds; one that is not known has the relief of none. `importer` is whose the importer
    identity is: a person's, or that of an enterprise on record with the customs of the destination.
    """

    dispatch_country: str
    destination_country: str
    destination_region: str | None
    mode: Mode
    currency: str
    lines: tuple[ConsignmentLine, ...]
    freight: Money
    insurance: Money
    incoterm: Incoterm
    has_importer_identity: bool
    units_in_order: int
    cn_year_used: Money | None = None
    seller_country: str | None = None
    destination_postal_code: str | None = None
    conveyance: Conveyance | None = None
    importer: Importer = "person"

    def __post_init__(self) -> None:
        amounts = (self.freight, self.insurance, *(line.goods for line in self.lines))
        if not self.lines or len({line.key for line in self.lines}) < len(self.lines):
            raise ValueError("a consignment has lines, each with a key of its own")
        if any(amount.currency != self.currency or amount.amount < 0 for amount in amounts):
            raise ValueError("the amounts of a consignment are in its currency and not negative")
        if any(line.quantity < 1 for line in self.lines):
            raise ValueError("a line has at least one unit")

    @property
    def goods(self) -> Money:
        return total((line.goods for line in self.lines), self.currency)


@dataclass(frozen=True, slots=True)
class LineCharges:
    """What a line is charged on top of goods and freight."""

    key: str
    duty: Money
    import_tax: Money
    fees: Money

    @property
    def total(self) -> Money:
        return self.duty + self.import_tax + self.fees


@dataclass(frozen=True, slots=True)
class Explanation:
    """One amount and the rows it comes from. The charge `regime` says why the regime holds, for nothing."""

    charge: Literal["regime", "duty", "import_tax", "fees"]
    amount: Money
    rule: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class NotIncluded:
    """What the buyer may have to pay elsewhere; `amount` is None where nobody could tell us."""

    charge: str
    amount: Money | None
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Liability:
    """What one party owes one authority of what was charged."""

    authority: str
    kind: ChargeKind
    amount: Money
    liable: LiableParty


@dataclass(frozen=True, slots=True)
class Assessment:
    """The charges of a consignment: the explanations sum to the lines' charges, and so do the liabilities.

    `incoterm` is the one that holds: what is collected at the sale, or was never due at a border, is `ddp`.
    `quota_value` is what counts against the consignee's Chinese quota, in CNY; None where no quota applies.
    """

    regime: str
    incoterm: Incoterm
    lines: tuple[LineCharges, ...]
    explain: tuple[Explanation, ...]
    not_included: tuple[NotIncluded, ...] = field(default=())
    liabilities: tuple[Liability, ...] = field(default=())
    quota_value: Money | None = None

    @property
    def duty(self) -> Money:
        return _sum([line.duty for line in self.lines])

    @property
    def import_tax(self) -> Money:
        return _sum([line.import_tax for line in self.lines])

    @property
    def fees(self) -> Money:
        return _sum([line.fees for line in self.lines])


def _sum(amounts: Sequence[Money]) -> Money:
    return total(amounts, amounts[0].currency)
