"""Placing an order: from a quote, exactly once, with the stock, in one all-or-nothing write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.cloud import reads, writes
from entrepot.cloud.auth import BadToken
from entrepot.cloud.idempotency import AlreadyDone, Once
from entrepot.kernel.ids import derived_id, new_id
from entrepot.kernel.refusals import Kind, NotFound, Refusal
from functions.customs import facade as customs
from functions.inventory import facade as inventory
from functions.orders import store
from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import Contact, Order, OrderLine, Share
from functions.orders.domain.quote import Option, Quote, QuoteExpired, QuoteUsed, Shelving
from functions.orders.service import events, limits, people
from functions.orders.service.carts import Caller
from functions.payments import facade as payments


class UnknownOption(Refusal):
    code = "unknown_option"
    kind = Kind.RULE
    title = "The quote has no such option."


@dataclass(frozen=True, slots=True)
class Request:
    """`capture` is "automatic", or "manual" to capture at the first shipment.

    `save`: the member's card is kept for later orders. `card_id`: one that is, to pay with.
    """

    quote_id: str
    option_id: str
    contact: Contact
    method: str
    capture: str
    save: bool = False
    card_id: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    order: Order
    payment: payments.PaymentView


def place(request: Request, caller: Caller, once: Once, now: datetime) -> Placed:
    """The order of this request: made now, or found as the same request has made it before.

    Raises: BadToken: its member has left. KeyReused, NotFound, QuoteUsed, QuoteExpired, UnknownOption, OutOfStock,
        PurchaseLimitReached, what payments and customs refuse, Busy. Nothing is written then.
    """
    who = [store.left_read(caller.member_id)] if caller.member_id else []
    record, held, *more = reads.fetch(
        once.read, store.quote_read(request.quote_id), *who, *payments.health_reads(), consistent=True
    )
    left, breakers = more[: len(who)], more[len(who) :]
    if any(left):
        raise BadToken
    made = once.judged(record)
    if made is not None:
        return _again(made, now)
    quote, option = _usable(held, request, caller, now)
    down = payments.down(breakers, now)
    window = payments.check_method(request.method, option.total, quote.country, request.capture, now, down)
    payer = payments.payer(request.method, caller.member_id, request.save, request.card_id, now)
    order = _order(quote, option, request, quote.member_id or caller.member_id, now + window, now)
    try:
        payment = _commit(order, quote, request, once, now, down, payer)
    except (AlreadyDone, inventory.OutOfStock):
        # The last units may have gone to this very request, sent twice at once.
        made = once.found()
        if made is None:
            raise
        return _again(made, now)
    email = request.contact.email if request.method == payments.TRANSFER else ""
    return Placed(order, payments.start(order.payment_id, now, payment, email))


def _again(order_id: str, now: datetime) -> Placed:
    """A replay renders from state, after finishing what the first request may have left open at the provider."""
    order = reads.fetch_one(store.order_read(order_id), consistent=True)
    assert order is not None, "the record and the order are one transaction"
    return Placed(order, payments.start(order.payment_id, now))


def _usable(
    held: tuple[Quote, str | None] | None, request: Request, caller: Caller, now: datetime
) -> tuple[Quote, Option]:
    if held is None:
        raise NotFound(field="quote_id")
    quote, used_by = held
    if quote.member_id is not None and quote.member_id != caller.member_id:
        raise NotFound(field="quote_id")
    if used_by is not None:
        raise QuoteUsed(field="quote_id")
    if quote.expires_at <= now:
        raise QuoteExpired(field="quote_id")
    option = quote.option(request.option_id)
    if option is None:
        raise UnknownOption(field="option_id")
    return quote, option


def _order(
    quote: Quote, option: Option, request: Request, member_id: str | None, pay_before: datetime, now: datetime
) -> Order:
    order_id = new_id("ord", now)
    merchants = dict.fromkeys(line.merchant_id for line in option.lines)
    order = Order(
        order_id=order_id,
        quote_id=quote.quote_id,
        member_id=member_id,
        contact=people.sealed_contact(request.contact, quote.quote_id),
        ship_to=quote.ship_to,
        country=quote.country,
        region=quote.region,
        lines=tuple(OrderLine(line) for line in option.lines),
        parcels=option.parcels,
        explain=option.explain,
        not_included=option.not_included,
        shares=tuple(Share(merchant_id, Status.AWAITING_PAYMENT) for merchant_id in merchants),
        total=option.total,
        payment_id=derived_id("pay", order_id),
        payment_method=request.method,
        capture=request.capture,
        placed_at=now,
        pay_before=pay_before,
        timeline=(),
        rates=quote.rates,
        carrier=option.carrier,
        service=option.service,
        importer=quote.importer,
        quota_fen=option.quota_fen,
        used_rates=quote.used_rates,
    ).noted(now, "placed", "shopper")
    return limits.counted(order, request.contact.email)


def _commit(
    order: Order,
    quote: Quote,
    request: Request,
    once: Once,
    now: datetime,
    down: frozenset[str],
    payer: str,
) -> payments.Payment:
    """Try bucket after bucket until the stock is held, or is known to be gone. Stock alone is shared with others."""
    payment, opened = payments.open_payment(
        order.payment_id,
        order.order_id,
        order.total,
        order.payment_method,
        order.capture,
        now,
        order.country,
        down,
        payer,
        request.save,
        request.card_id,
    )
    fixed = [
        once.claim(order.order_id),
        store.use_quote(quote, order.order_id, now),
        *store.create_order(order),
        opened,
        events.placed(order, now),
        *_quota(order, now),
        *limits.taken(order),
    ]
    plan = inventory.plan(_demands(order), [_shelf(shelving) for shelving in quote.shelving])
    while True:
        try:
            writes.commit(*fixed, *plan.writes(order.order_id, now))
            return payment
        except inventory.BucketShort as short:
            plan = plan.after(short)


def _demands(order: Order) -> list[inventory.Demand]:
    return [
        inventory.Demand(line.sku, origin.warehouse_id, origin.units)
        for line in order.lines
        for origin in line.bought.origins
    ]


def _shelf(shelving: Shelving) -> inventory.Shelf:
    """Where a line's stock lay when it was quoted: since then there may be more buckets, never fewer."""
    mode = inventory.Mode(shelving.mode)
    place = inventory.Place(shelving.warehouse_id, shelving.country, mode, shelving.buckets)
    return inventory.Shelf(shelving.sku, shelving.merchant_id, (place,))


def _quota(order: Order, now: datetime) -> Sequence[writes.Write]:
    if order.importer is None or order.quota_fen == 0:
        return ()
    year = customs.quota_year(order.placed_at)
    return customs.reserve_quota(order.importer.identity_hash, year, order.order_id, order.quota_fen)
