"""An order: a snapshot of an option that never changes, and what has become of each line."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from entrepot.kernel.money import Money, total
from functions.orders.domain.lifecycle import Status, derived
from functions.orders.domain.quote import (
    Explanation,
    Importer,
    NotIncluded,
    Origin,
    Parcel,
    QuoteLine,
    UsedRate,
)

_LAST: Final = ("delivered", "returned")  # of a shipment's statuses
LIVE: Final = ("requested", "pending", "succeeded")  # of a refund's statuses: the money is not ours any more
CHARGES: Final = ("goods", "freight", "insurance", "duty", "import_tax", "fees")


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of the option and what became of its units: each is cancelled, packed, shipped, or none of it yet.

    The first of the cancelled ones were `released`: cancelled before their money was taken.
    """

    bought: QuoteLine
    cancelled: int = 0
    released: int = 0
    packed: int = 0
    shipped: int = 0

    @property
    def sku(self) -> str:
        return self.bought.sku

    @property
    def merchant_id(self) -> str:
        return self.bought.merchant_id

    @property
    def remaining(self) -> int:
        """Units that are not cancelled."""
        return self.bought.quantity - self.cancelled

    @property
    def unshipped(self) -> int:
        return self.remaining - self.shipped

    def part(self, charge: str, units: int, skipped: int = 0) -> Money:
        """What `units` of this line are of one of its amounts ("goods", "freight", …), after the first `skipped`.

        Parts of consecutive units sum to the whole: each is the difference of two cumulative parts, floored.
        """
        whole: Money = getattr(self.bought, charge)
        upto = whole.amount * (skipped + units) // self.bought.quantity
        before = whole.amount * skipped // self.bought.quantity
        return Money(upto - before, whole.currency)

    def origins(self, units: int, skipped: int = 0) -> tuple[Origin, ...]:
        """From which warehouses `units` of this line come, after the first `skipped`, in the order of its origins."""
        found = []
        for origin in self.bought.origins:
            here = min(max(origin.units - skipped, 0), units)
            skipped = max(skipped - origin.units, 0)
            units -= here
            if here:
                found.append(Origin(origin.warehouse_id, here))
        return tuple(found)

    def worth(self, units: int, skipped: int = 0) -> Money:
        """What a buyer paid for `units` of this line, everything included."""
        added = total((self.part(charge, units, skipped) for charge in CHARGES), self.bought.goods.currency)
        return added - self.part("discount", units, skipped)


@dataclass(frozen=True, slots=True)
class ShipmentRef:
    """A parcel on its way, as far as the order cares. `moved_at` is the time of the scan its status comes from."""

    shipment_id: str
    merchant_id: str
    carrier: str
    tracking_number: str
    lines: tuple[tuple[str, int], ...]
    status: str
    moved_at: datetime | None = None

    def is_news(self, status: str, at: datetime) -> bool:
        """Whether a status says more than the one held: events come late and out of order.

        Delivered is left for returned only, and that never; nothing goes back to registered.
        """
        if self.status in _LAST or status in _LAST:
            return status in _LAST[_LAST.index(self.status) + 1 if self.status in _LAST else 0 :]
        if "registered" in (self.status, status):
            return status != "registered"
        return self.moved_at is None or at > self.moved_at or (at == self.moved_at and status != self.status)


@dataclass(frozen=True, slots=True)
class Share:
    """One merchant's part. `ends_at` is when it is settled, once it was delivered or came back.

    `settled` says that settlement was told of it; `charged` what it was told of refunds that this merchant bears,
    which never falls.
    """

    merchant_id: str
    status: Status
    ends_at: datetime | None = None
    charged: int = 0
    settled: bool = False


@dataclass(frozen=True, slots=True)
class RefundPart:
    merchant_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class RefundRef:
    """A refund as far as the order cares. `for_cancelled` says that it pays back units which were cancelled.

    `lines` are the units it was asked for by SKU, none where it is a free amount.
    """

    refund_id: str
    amount: Money
    status: str
    reason: str
    for_cancelled: bool
    parts: tuple[RefundPart, ...]
    lines: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. `actor` is a role, never a name; `facts` are ids and amounts."""

    at: datetime
    event: str
    actor: str
    facts: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way in which the buyer began to pay: a payment over the whole order."""

    payment_id: str
    method: str
    capture: str


@dataclass(frozen=True, slots=True)
class Order:
    """`contact` and `ship_to` are sealed; `country` and `region`, which taxes hang on, are kept beside them.

    `payment_id`, `payment_method` and `capture` are those of the attempt that paid; until then of the latest.
    `buyer`: the keyed hash under which limited units are counted, where there are any.
    `kept_until`: once its buyer is forgotten, the last day on which what is left of it is kept.
    """

    order_id: str
    quote_id: str
    member_id: str | None
    contact: str
    ship_to: str
    country: str
    region: str | None
    lines: tuple[OrderLine, ...]
    parcels: tuple[Parcel, ...]
    explain: tuple[Explanation, ...]
    not_included: tuple[NotIncluded, ...]
    shares: tuple[Share, ...]
    total: Money
    payment_id: str
    payment_method: str
    capture: str
    placed_at: datetime
    pay_before: datetime
    timeline: tuple[Entry, ...]
    rates: str
    carrier: str
    service: str
    payment_state: str = "none"
    authorised: int = 0
    captured: int = 0
    shipments: tuple[ShipmentRef, ...] = ()
    refunds: tuple[RefundRef, ...] = ()
    importer: Importer | None = None
    quota_fen: int = 0
    revision: int = 1
    used_rates: tuple[UsedRate, ...] = ()
    attempts: tuple[Attempt, ...] = ()  # all of them, once there is more than one
    kept_until: date | None = None
    buyer: str | None = None

    @property
    def payment_ids(self) -> tuple[str, ...]:
        """Of every attempt, the first one first."""
        return tuple(attempt.payment_id for attempt in self.attempts) or (self.payment_id,)

    @property
    def methods(self) -> dict[str, str]:
        """How each attempt is paid, by the payment's id."""
        known = {attempt.payment_id: attempt.method for attempt in self.attempts}
        return known or {self.payment_id: self.payment_method}

    @property
    def status(self) -> Status:
        return derived(share.status for share in self.shares)

    @property
    def currency(self) -> str:
        return self.total.currency

    @property
    def merchants(self) -> tuple[str, ...]:
        return tuple(share.merchant_id for share in self.shares)

    @property
    def refunded(self) -> Money:
        """What went back to the buyer for certain."""
        return total((r.amount for r in self.refunds if r.status == "succeeded"), self.currency)

    @property
    def payment_status(self) -> str:
        """One of the public payment states."""
        refunded = self.refunded.amount
        if refunded:
            return "refunded" if refunded >= self.captured else "partially_refunded"
        if self.payment_state in ("disputed",):
            return self.payment_state
        if self.captured:
            return "captured"
        if self.authorised:
            return "authorised"
        return self.payment_state

    @property
    def cancelled_worth(self) -> Money:
        """What the cancelled units were of the total."""
        return total((line.worth(line.cancelled) for line in self.lines), self.currency)

    def captured_of(self, merchant_id: str) -> int:
        """What was taken of the buyer for a merchant's lines: all but what was cancelled before."""
        if self.captured == 0:
            return 0
        lines = self.lines_of(merchant_id)
        return sum(line.bought.total.amount - line.worth(line.released).amount for line in lines)

    def given_back(self, merchant_id: str) -> int:
        """What of a merchant's captured money went back, or is on its way."""
        live = (refund for refund in self.refunds if refund.status in LIVE)
        return sum(part.amount for r in live for part in r.parts if part.merchant_id == merchant_id)

    def borne_by(self, merchant_id: str) -> int:
        """What a merchant bears of what went back: all above the worth of the units that it will not be paid for."""
        lines = self.lines_of(merchant_id)
        unsold = sum(line.worth(line.cancelled - line.released, line.released).amount for line in lines)
        return max(0, self.given_back(merchant_id) - unsold)

    def share(self, merchant_id: str) -> Share:
        return next(share for share in self.shares if share.merchant_id == merchant_id)

    def lines_of(self, merchant_id: str) -> tuple[OrderLine, ...]:
        return tuple(line for line in self.lines if line.merchant_id == merchant_id)

    def limited(self) -> dict[str, int]:
        """Units by SKU that count against the limit for each buyer: none of an order that came to nothing."""
        if self.status in (Status.CANCELLED, Status.EXPIRED):
            return {}
        return {line.sku: line.remaining for line in self.lines if line.bought.purchase_limit is not None}

    def due_at(self) -> datetime | None:
        """When the clock has something to do: expire it unpaid, or complete a delivered share."""
        if self.status is Status.AWAITING_PAYMENT:
            return self.pay_before
        return min((share.ends_at for share in self.shares if share.ends_at is not None), default=None)

    def with_share(self, share: Share) -> "Order":
        shares = tuple(share if held.merchant_id == share.merchant_id else held for held in self.shares)
        return replace(self, shares=shares)

    def noted(self, at: datetime, event: str, actor: str, **facts: str) -> "Order":
        return replace(self, timeline=(*self.timeline, Entry(at, event, actor, facts or None)))
