"""Stripe's JSON, as much of it as we need, and what it says in our words. Stripe itself is not imported here.

The same shapes are read from webhooks and from the API's answers. Fields that we do not know are passed over, so
that a new version of Stripe's API breaks nothing; the objects are those of version 2026-10-28.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Malformed
from functions.payments.domain.facts import Dispute, DisputeStatus, Fee, Refund, RefundStatus, Status, Word
from functions.payments.domain.movements import Moved, Movement
from functions.payments.domain.payment import Snapshot
from functions.payments.gateway import Intent, NextAction
from functions.payments.stripe_money import from_stripe
from functions.payments.transfers import Transfer

INTENT: Final = "payment_intent"
CHARGE: Final = "charge"
REFUND: Final = "refund"
CASH_BALANCE: Final = "cash_balance"
_TRANSFER: Final = "display_bank_transfer_instructions"
DISPUTE: Final = "dispute"
FEE_TOLD: Final = "charge.updated"
_DISPUTES: Final = {
    "warning_needs_response": DisputeStatus.INQUIRY,
    "warning_under_review": DisputeStatus.INQUIRY,
    "warning_closed": DisputeStatus.INQUIRY_CLOSED,
    "prevented": DisputeStatus.INQUIRY_CLOSED,
    "needs_response": DisputeStatus.OPEN,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "lost": DisputeStatus.LOST,
    "won": DisputeStatus.WON,
}
_MOST_QUEUED_BYTES: Final = 250_000  # what a queue takes, less room for attributes
_FORBIDDEN: Final = ("\ufffe", "\uffff")  # characters that a queue refuses
HANDLED: Final = (f"{INTENT}.", f"{CHARGE}.", f"{REFUND}.", f"{CASH_BALANCE}.")
"""What the kinds of events about payments begin with."""

TRANSFERRED: Final = "transfer."
"""What those about our transfers begin with."""


class PaymentError(msgspec.Struct, frozen=True):
    code: str | None = None
    decline_code: str | None = None


class BalanceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A movement on our balance, in the currency in which Stripe keeps it."""

    id: str
    amount: int = 0
    fee: int = 0
    currency: str = ""


class BalanceMovement(BalanceEntry, frozen=True, kw_only=True):
    """The same as the report of our balance tells it, with what it is about where that was asked for."""

    type: str
    created: int
    source: "str | Thing | None" = None


class EvidenceDetails(msgspec.Struct, frozen=True, kw_only=True):
    due_by: int | None = None
    submission_count: int = 0


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """An intent, a charge, a refund, a dispute or a cash balance. Amounts are in Stripe's units, times in seconds since
    1970."""

    object: str
    id: str = ""
    created: int = 0
    livemode: bool | None = None
    amount: int = 0
    currency: str = ""
    status: str | None = None
    metadata: dict[str, str] | None = None
    # an intent
    amount_received: int = 0
    amount_capturable: int = 0
    capture_method: str = ""
    last_payment_error: PaymentError | None = None
    next_action: dict[str, Any] | None = None
    client_secret: str | None = None
    latest_charge: "str | Thing | None" = None  # whole where it was asked for
    # a charge
    amount_captured: int = 0
    captured: bool = False
    disputed: bool = False
    balance_transaction: str | BalanceEntry | None = None
    # a cash balance
    customer: str | None = None
    # a transfer
    transfer_group: str | None = None
    # a charge, a refund or a dispute
    payment_intent: str | None = None
    # a refund
    failure_reason: str | None = None
    # a dispute
    reason: str | None = None
    balance_transactions: tuple[BalanceEntry, ...] = ()
    evidence_details: EvidenceDetails | None = None

    def __repr__(self) -> str:
        return f"Thing({self.id})"  # the client's secret must not reach a log through a traceback

    @property
    def payment_id(self) -> str | None:
        return (self.metadata or {}).get("payment_id")

    @property
    def return_id(self) -> str | None:
        """Of a refund that comes out of a payer's balance, not out of ours."""
        return (self.metadata or {}).get("return_id")


class Envelope(msgspec.Struct, frozen=True):
    """What every event has, whatever it is about."""

    id: str
    type: str


class _Data(msgspec.Struct, frozen=True):
    object: Thing


class Event(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    created: int
    livemode: bool
    account: str | None = None
    data: _Data


class TransferThing(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer. Amounts are in Stripe's units."""

    id: str
    amount: int
    currency: str
    amount_reversed: int = 0
    transfer_group: str | None = None


class _TransferData(msgspec.Struct, frozen=True):
    object: TransferThing


class TransferEvent(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    livemode: bool
    account: str | None = None
    data: _TransferData


class _Kind(msgspec.Struct, frozen=True):
    type: str = ""


ENVELOPE: Final[msgspec.json.Decoder[Envelope]] = msgspec.json.Decoder(Envelope)
_EVENT: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)
_KIND: Final[msgspec.json.Decoder[_Kind]] = msgspec.json.Decoder(_Kind)
_TRANSFER_EVENT: Final[msgspec.json.Decoder[TransferEvent]] = msgspec.json.Decoder(TransferEvent)


def event_of(body: str) -> Event | None:
    """The event, or None where it is of no kind that says anything about a payment.

    Raises: msgspec.MsgspecError: it is no event of Stripe.
    """
    kind = ENVELOPE.decode(body).type
    if not kind.startswith(HANDLED):
        return None
    return _EVENT.decode(body)


def transfer_event_of(body: str) -> TransferEvent | None:
    """The event, or None where it is about no transfer. Raises: msgspec.MsgspecError: it is no event of Stripe."""
    return _TRANSFER_EVENT.decode(body) if _KIND.decode(body).type.startswith(TRANSFERRED) else None


def transfer(document: Mapping[str, Any]) -> Transfer:
    """A transfer from the API's answer."""
    return transfer_said(msgspec.convert(dict(document), TransferThing))


def transfer_said(what: TransferThing) -> Transfer:
    currency = what.currency.upper()
    amount, came_back = (exact(each, what.currency) for each in (what.amount, what.amount_reversed))
    return Transfer(what.id, what.transfer_group or "", Money(amount, currency), came_back)


def queueable(raw: bytes) -> str:
    """An event as it came; only one that a queue would refuse is cut to what will be read of it.

    Raises: Malformed: it is no event of Stripe.
    """
    try:
        body = raw.decode()
        envelope = ENVELOPE.decode(body)
        if len(raw) <= _MOST_QUEUED_BYTES and not any(bad in body for bad in _FORBIDDEN):
            return body
        return msgspec.json.encode(event_of(body) or envelope).decode()
    except (UnicodeDecodeError, msgspec.MsgspecError):
        raise Malformed("The body is no event of Stripe.") from None


def thing(document: Mapping[str, Any]) -> Thing:
    """An object from the API's answer."""
    return msgspec.convert(dict(document), Thing)


def movement(document: Mapping[str, Any]) -> Movement:
    """A movement on our balance. Raises: ValueError: an amount or a currency that is none."""
    told = msgspec.convert(dict(document), BalanceMovement)
    kind, reference, presented = _about(told)
    currency = told.currency.upper()
    gross, fee = (from_stripe(amount, currency).amount for amount in (told.amount, told.fee))
    return Movement(
        told.id,
        moment(told.created),
        kind,
        reference,
        currency,
        gross,
        fee,
        presented if presented and presented.currency != currency else None,
    )


def _about(told: BalanceMovement) -> tuple[Moved, str, Money | None]:
    """What a movement is of, by the types of https://docs.stripe.com/reports/balance-transaction-types."""
    what = told.source
    if not isinstance(what, Thing):
        return Moved.OTHER, what or "", None
    if told.type in ("charge", "payment") and what.object == CHARGE and what.payment_intent:
        taken = from_stripe(what.amount_captured, what.currency)
        return Moved.CAPTURE, f"{what.payment_intent}:{taken.amount}", taken
    ours = (what.metadata or {}).get
    if told.type in ("refund", "payment_refund") and what.object == REFUND:
        return Moved.REFUND, ours("refund_id") or what.id, None
    if told.type in ("refund_failure", "payment_failure_refund") and what.object == REFUND:
        return Moved.REFUND_RETURNED, ours("refund_id") or what.id, None
    if told.type == "adjustment" and what.object == DISPUTE:
        return Moved.DISPUTE if told.amount < 0 else Moved.DISPUTE_WON, what.id, None
    if told.type == "transfer":
        return Moved.PAYOUT, what.transfer_group or what.id, None
    if told.type in ("transfer_refund", "transfer_cancel", "transfer_failure"):
        return Moved.PAYOUT_RETURNED, what.transfer_group or what.id, None
    return Moved.OTHER, what.id, None


def snapshot(what: Thing, at: datetime, ours: bool) -> Snapshot:
    """What an intent, a charge, a refund or a dispute says of its payment.

    `charge.refunded` counts what a partial capture released as refunded, so refunds are taken from refunds only.
    """
    if what.object == INTENT:
        return _of_intent(what, at, ours)
    if what.object == CHARGE:
        return _of_charge(what, at, ours)
    if what.object == DISPUTE:
        return _of_dispute(what, at, ours)
    if what.return_id:
        intent_id = (what.metadata or {}).get("intent_id", "")
        return Snapshot(at, intent_id, what.currency.upper(), ours=ours, returns=(given_back(what),))
    return _of_refunds(what.payment_intent or "", (what,), at, ours)


def intent(what: Thing, at: datetime, ours: bool) -> Intent:
    return Intent(_of_intent(what, at, ours), what.payment_id or "", what.client_secret, _next_action(what))


def refunds(intent_id: str, found: tuple[Thing, ...], at: datetime, ours: bool, currency: str) -> Snapshot:
    """A snapshot of several refunds of one intent; `currency` (ISO) counts where there are none."""
    if not found:
        return Snapshot(at, intent_id, currency, ours=ours)
    return _of_refunds(intent_id, found, at, ours)


def disputes(intent_id: str, found: tuple[Thing, ...], at: datetime, ours: bool, currency: str) -> Snapshot:
    """A snapshot of several disputes of one intent; `currency` (ISO) counts where there are none."""
    said = [_of_dispute(each, at, ours) for each in found]
    return Snapshot(
        at,
        intent_id,
        said[0].currency if said else currency,
        ours=ours,
        disputed=any(each.disputed for each in said),
        disputes=tuple(fact for each in said for fact in each.disputes),
    )


def disputed(document: Mapping[str, Any]) -> tuple[str, Thing]:
    """The payment of a dispute that was listed with its intent, "" where that is none of ours, and the dispute."""
    intent = document.get("payment_intent") or {}
    payment_id = (intent.get("metadata") or {}).get("payment_id", "")
    return payment_id, thing({**document, "payment_intent": intent.get("id")})


def given_back(what: Thing) -> Refund:
    """A refund out of a payer's balance."""
    return replace(_refund(what), refund_id=what.return_id or what.id)


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _of_intent(what: Thing, at: datetime, ours: bool) -> Snapshot:
    authorised = 0
    if what.status == "requires_capture":
        authorised = what.amount_capturable
    if what.status == "succeeded":
        # A manual capture may take less than was held; an automatic one holds exactly what it takes.
        authorised = what.amount if what.capture_method == "manual" else what.amount_received
    return Snapshot(
        at,
        what.id,
        what.currency.upper(),
        amount=exact(what.amount, what.currency),
        ours=ours,
        word=_word(what, at),
        authorised=exact(authorised, what.currency),
        # A transfer may come in parts, which are nobody's until the intent has the whole.
        captured=exact(what.amount_received, what.currency) if what.status == "succeeded" else 0,
        cancelled=what.status == "canceled",
        fees=_fees(what.latest_charge),
    )


def _of_charge(what: Thing, at: datetime, ours: bool) -> Snapshot:
    good = what.status == "succeeded"
    return Snapshot(
        at,
        what.payment_intent or "",
        what.currency.upper(),
        amount=exact(what.amount, what.currency),
        ours=ours,
        authorised=exact(what.amount, what.currency) if good else 0,
        captured=exact(what.amount_captured, what.currency) if good and what.captured else 0,
        disputed=what.disputed,
        fees=_fees(what),
    )


def _of_dispute(what: Thing, at: datetime, ours: bool) -> Snapshot:
    cost = max(what.balance_transactions, key=lambda entry: entry.fee, default=None)
    details = what.evidence_details or EvidenceDetails()
    fact = Dispute(
        what.id,
        exact(what.amount, what.currency),
        what.reason or "general",
        _DISPUTES.get(what.status or "", DisputeStatus.OPEN),
        fee=exact(cost.fee, cost.currency) if cost else 0,
        fee_currency=cost.currency.upper() if cost and cost.fee else "",
        answer_by=moment(details.due_by) if details.due_by else None,
        evidence_sent=details.submission_count > 0,
    )
    currency = what.currency.upper()
    return Snapshot(at, what.payment_intent or "", currency, ours=ours, disputed=fact.drawn, disputes=(fact,))


def _fees(charge: str | Thing | None) -> tuple[Fee, ...]:
    """What was kept of a charge, where it is told whole; an amount nobody knows is not told."""
    if not isinstance(charge, Thing) or not isinstance(charge.balance_transaction, BalanceEntry):
        return ()
    entry = charge.balance_transaction
    amount, fee = (exact(each, entry.currency) for each in (entry.amount, entry.fee))
    if min(amount, fee) < 0:
        return ()
    return (Fee(charge.id, entry.id, amount, fee, entry.currency.upper()),)


def _of_refunds(intent_id: str, found: tuple[Thing, ...], at: datetime, ours: bool) -> Snapshot:
    facts = tuple(_refund(each) for each in found)
    return Snapshot(at, intent_id, found[0].currency.upper(), ours=ours, refunds=facts)


def _refund(what: Thing) -> Refund:
    """A refund under our id, or under Stripe's where somebody made it there by hand."""
    status = {
        "succeeded": RefundStatus.SUCCEEDED,
        "failed": RefundStatus.FAILED,
        "canceled": RefundStatus.FAILED,
    }
    found = status.get(what.status or "", RefundStatus.PENDING)
    failed = found is RefundStatus.FAILED
    return Refund(
        (what.metadata or {}).get("refund_id") or what.id,
        exact(what.amount, what.currency),
        found,
        provider_refund_id=what.id,
        error=what.failure_reason or what.status or "" if failed else "",
    )


def _word(what: Thing, at: datetime) -> Word | None:
    error = what.last_payment_error
    code = (error.decline_code or error.code or "declined") if error else ""
    if what.status == "requires_payment_method":
        return Word(Status.FAILED, at, code) if error else Word(Status.CREATED, at)
    if what.status == "requires_action" and 0 < _left_to_transfer(what) < what.amount:
        return Word(Status.PROCESSING, at)
    words = {
        "requires_confirmation": Status.CREATED,
        "requires_action": Status.REQUIRES_ACTION,
        "processing": Status.PROCESSING,
    }
    return Word(words[what.status], at) if what.status in words else None


def _next_action(what: Thing) -> NextAction | None:
    if not what.next_action:
        return None
    kind = str(what.next_action.get("type", ""))
    details = what.next_action.get(kind) or {}
    url = details.get("url") or details.get("hosted_voucher_url") or details.get("hosted_instructions_url")
    url = url if isinstance(url, str) else None
    return NextAction(kind, url, _account(details) if kind == _TRANSFER else None)


def _left_to_transfer(what: Thing) -> int:
    left = ((what.next_action or {}).get(_TRANSFER) or {}).get("amount_remaining")
    return left if isinstance(left, int) else 0


def _account(instructions: Mapping[str, Any]) -> dict[str, str]:
    """What a payer has to know to transfer: the first account that is told, without addresses of banks."""
    currency = str(instructions.get("currency") or "")
    told = {
        "reference": str(instructions.get("reference") or ""),
        "amount_remaining": str(exact(instructions.get("amount_remaining") or 0, currency)),
        "currency": currency.upper(),
    }
    for address in (instructions.get("financial_addresses") or [])[:1]:
        numbers = address.get(address.get("type")) or {}
        told |= {"type": str(address.get("type"))}
        told |= {name: value for name, value in numbers.items() if isinstance(value, str)}
    return told


def exact(amount: int, currency: str) -> int:
    """In our minor units; -1, which is nobody's amount, where it is none of ISO 4217."""
    try:
        return from_stripe(amount, currency).amount
    except ValueError:
        return -1
