"""A quote: options of delivery with every amount named, and the sums that must hold."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from operator import attrgetter
from typing import Final

from entrepot.kernel.money import Money, total, zero
from entrepot.kernel.refusals import Kind, Refusal

VALID: Final = timedelta(minutes=30)
MOST_PARCELS: Final = 10
"""So that an order with its summaries and movements fits in one transaction (ADR 0030)."""

_CHARGES: Final = ("goods", "freight", "insurance", "duty", "import_tax", "fees")


class QuoteExpired(Refusal):
    code = "quote_expired"
    kind = Kind.CONFLICT
    title = "This quote has run out; ask for a new one."


class QuoteUsed(Refusal):
    code = "quote_used"
    kind = Kind.CONFLICT
    title = "An order was already placed from this quote."


class NotOnSale(Refusal):
    code = "not_on_sale"
    kind = Kind.RULE
    title = "This SKU is not on sale."


class TooManyParcels(Refusal):
    code = "too_many_parcels"
    kind = Kind.RULE
    title = f"An order goes in at most {MOST_PARCELS} parcels; buy in two orders."


@dataclass(frozen=True, slots=True)
class Promise:
    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class Explanation:
    """One amount of an option and the rule it comes from."""

    charge: str
    amount: Money
    rule: str
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class NotIncluded:
    """What the consignee may have to pay besides, and why the quote cannot or does not hold it."""

    charge: str
    reason: str
    source: str
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """Duty, import tax or fees of a parcel: which authority is owed, and by the platform or the seller."""

    authority: str
    kind: str
    amount: Money
    liable: str


@dataclass(frozen=True, slots=True)
class ParcelLine:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Parcel:
    merchant_id: str
    warehouse_id: str
    carrier: str
    service: str
    regime: str
    incoterm: str
    lines: tuple[ParcelLine, ...]
    freight: Money
    promise: Promise
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Units of a line that come from one warehouse."""

    warehouse_id: str
    units: int


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """`goods` = unit_price × quantity. `total` = goods − discount + freight + insurance + duty + import_tax + fees.

    hs_code, origin_country and weight_grams (of one unit) are what the papers declare; orders of before lack them.
    `premium` is what the insurance costs, None where nothing is insured.
    `purchase_limit`: units that one buyer may have of this SKU, None for any number.
    `split` says from where a line comes that no warehouse has whole; else all of it is in `warehouse_id`.
    """

    sku: str
    merchant_id: str
    warehouse_id: str
    title: str
    quantity: int
    unit_price: Money
    goods: Money
    discount: Money
    freight: Money
    duty: Money
    import_tax: Money
    fees: Money
    hs_code: str | None = None
    origin_country: str | None = None
    weight_grams: int | None = None
    split: tuple[Origin, ...] = ()
    premium: Money | None = None
    purchase_limit: int | None = None

    @property
    def insurance(self) -> Money:
        return self.premium or zero(self.goods.currency)

    @property
    def origins(self) -> tuple[Origin, ...]:
        return self.split or (Origin(self.warehouse_id, self.quantity),)

    def joined(self, other: "QuoteLine") -> "QuoteLine":
        """This line with a part of it that comes from another warehouse."""
        return replace(
            self,
            quantity=self.quantity + other.quantity,
            goods=self.goods + other.goods,
            discount=self.discount + other.discount,
            freight=self.freight + other.freight,
            duty=self.duty + other.duty,
            import_tax=self.import_tax + other.import_tax,
            fees=self.fees + other.fees,
            split=self.origins + other.origins,
            premium=self.insurance + other.insurance if self.premium or other.premium else None,
        )

    @property
    def total(self) -> Money:
        charged = (self.goods, self.freight, self.insurance, self.duty, self.import_tax, self.fees)
        whole = total(charged, self.goods.currency)
        return whole - self.discount if self.discount else whole


@dataclass(frozen=True)
class Option:
    """One way of delivery. `quota_fen` counts against the consignee's Chinese quota of the year.

    Its sums are reckoned once, when first asked for: it has no slots, so that they have a place.
    `recommended` says for what it is the best of its quote: "cheapest", "fastest", "best".
    """

    option_id: str
    parcels: tuple[Parcel, ...]
    lines: tuple[QuoteLine, ...]
    not_included: tuple[NotIncluded, ...]
    explain: tuple[Explanation, ...]
    quota_fen: int = 0
    recommended: tuple[str, ...] = ()

    @property
    def borne(self) -> Money:
        """What the buyer bears: the total, and what is known of what they pay elsewhere."""
        elsewhere = (left.amount for left in self.not_included if left.amount is not None)
        return self.total + total(elsewhere, self.currency)

    @property
    def currency(self) -> str:
        return self.lines[0].goods.currency

    @property
    def carrier(self) -> str:
        return _one({parcel.carrier for parcel in self.parcels})

    @property
    def service(self) -> str:
        return _one({parcel.service for parcel in self.parcels})

    @property
    def promise(self) -> Promise:
        """When the first parcel may arrive and when the last will have."""
        return Promise(
            min(parcel.promise.earliest for parcel in self.parcels),
            max(parcel.promise.latest for parcel in self.parcels),
        )

    @property
    def total(self) -> Money:
        """The sum of the lines' totals, reckoned charge by charge."""
        return self._total

    def sum_of(self, charge: str) -> Money:
        """The sum over the lines of "goods", "discount", "freight", "insurance", "duty", "import_tax" or "fees"."""
        return self._sums[charge]

    @cached_property
    def _sums(self) -> dict[str, Money]:
        return {
            charge: total(map(attrgetter(charge), self.lines), self.currency)
            for charge in (*_CHARGES, "discount")
        }

    @cached_property
    def _total(self) -> Money:
        return total((self._sums[charge] for charge in _CHARGES), self.currency) - self._sums["discount"]


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    line1: str
    city: str
    postal_code: str
    country: str
    line2: str | None = None
    region: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Importer:
    """Who imports, where the destination asks: the identity sealed, and found by a keyed hash."""

    identity_hash: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Shelving:
    """In how many buckets a line's stock lies, so that placing an order needs no read for it."""

    sku: str
    merchant_id: str
    warehouse_id: str
    country: str
    mode: str
    buckets: int


@dataclass(frozen=True, slots=True)
class UsedRate:
    """A rate the quote was made with: whole units of `into` for one of `currency`, used exactly as written.

    `applied` is the reference rate with the spread on top.
    """

    currency: str
    into: str
    reference: str
    applied: str
    spread_basis_points: int
    source: str
    date: date


@dataclass(frozen=True, slots=True)
class Quote:
    """`rates` names the reference rates in force, `used_rates` every one that was used, thresholds included.

    `ship_to` is sealed; `country` and `region` of it, which taxes hang on, are kept beside it.
    """

    quote_id: str
    member_id: str | None
    created_at: datetime
    expires_at: datetime
    currency: str
    ship_to: str
    country: str
    region: str | None
    options: tuple[Option, ...]
    shelving: tuple[Shelving, ...]
    rates: str
    importer: Importer | None = None
    used_rates: tuple[UsedRate, ...] = ()

    def option(self, option_id: str) -> Option | None:
        return next((option for option in self.options if option.option_id == option_id), None)


def _one(names: set[str]) -> str:
    return names.pop() if len(names) == 1 else "multiple"
