"""BTCPay Server's JSON, as much of it as we need, and what it says in our words. Nothing is called here.

Source: the Greenfield API of BTCPay Server 2 (https://docs.btcpayserver.org/API/Greenfield/v1/). Amounts are decimal
text: an invoice's in its own currency, a payment's in that of its method, and `rate` is what one unit of the latter is
worth in the former. Fields that we do not know are passed over.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any, Final, TypeVar

import msgspec

from entrepot.kernel.clock import rfc3339
from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money
from functions.payments.domain.facts import Status, Word
from functions.payments.domain.payment import Snapshot
from functions.payments.gateway import NextAction

METHODS: Final = {"bitcoin": ("BTC-CHAIN",), "lightning": ("BTC-LN",)}
"""Our names of methods, and the server's."""

ACTION: Final = "btcpay_invoice"
NEW: Final = "New"
PROCESSING: Final = "Processing"
SETTLED: Final = "Settled"
OVER: Final = ("Expired", "Invalid")
_MARKED: Final = "Marked"
_PARTIAL: Final = "PaidPartial"
_MOST: Final = Decimal(10) ** 15

T = TypeVar("T")
Text = str | int | float  # a decimal; what is no text is of an older server


class Received(msgspec.Struct, frozen=True, rename="camel"):
    """One payment on an invoice. `status` is "Processing", "Settled" (confirmed) or "Invalid" (replaced, lost)."""

    value: Text
    status: str
    received_date: int


class Method(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One way to pay an invoice, and what was paid by it. `due` is below zero where more came than was due."""

    payment_method_id: str
    currency: str = ""
    destination: str | None = None
    payment_link: str | None = None
    rate: Text = "0"
    due: Text = "0"
    payments: tuple[Received, ...] = ()


class Invoice(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Times are seconds since 1970."""

    id: str
    store_id: str
    amount: Text
    currency: str
    status: str
    additional_status: str = "None"
    checkout_link: str = ""
    created_time: int
    expiration_time: int
    archived: bool = False
    metadata: dict[str, Any] = {}

    @property
    def payment_id(self) -> str:
        """The payment that the invoice is for; "" where it is none of ours: a store may sell elsewhere too."""
        named = self.metadata.get("orderId")
        return named if isinstance(named, str) and named.startswith("pay_") else ""


class Event(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a webhook says: that something happened to an invoice. What that is, the invoice tells."""

    type: str
    delivery_id: str = ""
    original_delivery_id: str | None = None
    store_id: str = ""
    invoice_id: str = ""
    metadata: dict[str, Any] | None = None

    @property
    def event_id(self) -> str:
        """The same for every delivery of it."""
        return self.original_delivery_id or self.delivery_id

    @property
    def payment_id(self) -> str:
        named = (self.metadata or {}).get("orderId")
        return named if isinstance(named, str) and named.startswith("pay_") else ""


class PullPayment(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Money that its receiver may ask for, at `view_link`."""

    id: str
    name: str | None = None
    amount: Text = "0"
    currency: str = ""
    archived: bool = False
    view_link: str = ""


class Payout(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a receiver has asked for, in the pull payment's currency."""

    state: str
    original_amount: Text = "0"


EVENT: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)


def read(document: Any, shape: type[T]) -> T:
    """Raises: msgspec.ValidationError: it is no such thing."""
    return msgspec.convert(document, shape)


def decimal_text(money: Money) -> str:
    """Money as the API writes it: "12.50"."""
    return str(Decimal(money.amount).scaleb(-EXPONENTS[money.currency]))


def minor(amount: Text, currency: str) -> int:
    """In minor units; -1, which is nobody's amount, where that is no whole number of them. Raises: ValueError."""
    exact = _scaled(_decimal(amount), currency)
    return int(exact) if exact is not None and exact == exact.to_integral_value() else -1


def snapshot(invoice: Invoice, methods: Sequence[Method], at: datetime, store_id: str) -> Snapshot:
    """What an invoice and its payments say.

    It is captured when the server has settled it. A person there can mark it as settled too: that counts only where the
    whole was paid before the rate expired. What is confirmed is received, whether or not it pays for anything.
    """
    amount = minor(invoice.amount, invoice.currency)
    ours = invoice.store_id == store_id
    settled = invoice.status == SETTLED and _earned(invoice, methods)
    received = max(_confirmed(methods, invoice.currency), amount if settled else 0)
    return Snapshot(
        at,
        invoice.id,
        invoice.currency,
        amount=amount,
        ours=ours,
        word=_word(invoice, at),
        authorised=amount if settled else 0,
        captured=amount if settled else 0,
        cancelled=invoice.status in OVER or (invoice.status == SETTLED and not settled),
        received=received,
    )


def next_action(invoice: Invoice, methods: Sequence[Method]) -> NextAction | None:
    """Where to pay, how much of which currency, and until when the rate holds; None where nothing is to pay.

    The page of the invoice shows every method; `details` are those of the first.
    """
    if invoice.status != NEW:
        return None
    details = {"expires_at": rfc3339(moment(invoice.expiration_time))}
    offered = next((each for each in methods if each.destination), None)
    if offered is not None:
        details |= {
            "method": offered.payment_method_id,
            "destination": offered.destination or "",
            "amount": str(offered.due),
            "currency": offered.currency,
            "rate": str(offered.rate),
            "payment_link": offered.payment_link or "",
        }
    return NextAction(ACTION, invoice.checkout_link or None, details)


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _word(invoice: Invoice, at: datetime) -> Word | None:
    if invoice.status == PROCESSING or (invoice.status == NEW and invoice.additional_status == _PARTIAL):
        return Word(Status.PROCESSING, at)
    return Word(Status.REQUIRES_ACTION, at) if invoice.status == NEW else None


def _earned(invoice: Invoice, methods: Sequence[Method]) -> bool:
    if invoice.additional_status != _MARKED:
        return True
    came = [each for method in methods for each in method.payments]
    in_time = all(each.received_date <= invoice.expiration_time and each.status == SETTLED for each in came)
    return bool(came) and in_time and any(_decimal(method.due) <= 0 for method in methods if method.payments)


def _confirmed(methods: Sequence[Method], currency: str) -> int:
    """What is confirmed, at the rates of the invoice. Rounded down: what is less than a minor unit is nobody's."""
    worth = sum(
        (
            _decimal(each.value) * _decimal(method.rate)
            for method in methods
            for each in method.payments
            if each.status == SETTLED
        ),
        Decimal(),
    )
    scaled = _scaled(worth, currency)
    return max(0, int(scaled.to_integral_value(ROUND_DOWN))) if scaled is not None else 0


def _scaled(amount: Decimal, currency: str) -> Decimal | None:
    exponent = EXPONENTS.get(currency)
    return amount.scaleb(exponent) if exponent is not None else None


def _decimal(text: Text) -> Decimal:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        raise ValueError("no decimal") from None
    if not number.is_finite() or abs(number) > _MOST:
        raise ValueError("no amount")
    return number
