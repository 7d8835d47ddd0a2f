"""Orders as the API shows them, to each who may see them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from entrepot.cloud.wire import View
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.money import Money, total
from functions.orders.domain.order import Entry, Order, OrderLine
from functions.orders.domain.quote import Address, Explanation, NotIncluded, Parcel, QuoteLine, UsedRate
from functions.orders.service import people
from functions.orders.service.access import Sight
from functions.payments.facade import Claim, PaymentView


class PromiseView(View, frozen=True):
    earliest: date
    latest: date


class ParcelView(View, frozen=True):
    merchant_id: str
    warehouse_id: str
    carrier: str
    service: str
    regime: str
    incoterm: str
    lines: list[dict[str, str | int]]
    freight: Money
    promise: PromiseView


class OrderLineView(View, frozen=True):
    sku: str
    merchant_id: str
    title: str
    quantity: int
    cancelled: int
    shipped: int
    unit_price: Money
    goods: Money
    discount: Money
    freight: Money
    insurance: Money
    duty: Money
    import_tax: Money
    fees: Money
    total: Money


class OrderTotalsView(View, frozen=True):
    goods: Money
    discounts: Money
    freight: Money
    insurance: Money
    duty: Money
    import_tax: Money
    fees: Money
    total: Money


class ContactView(View, frozen=True):
    """Of a merchant's customer the e-mail is masked, and the name appears once it is paid."""

    name: str | None
    email: str
    phone: str | None = None


class TimelineView(View, frozen=True):
    at: str
    event: str
    actor: str
    facts: dict[str, str]


class ShipmentRefView(View, frozen=True):
    id: str
    status: str
    carrier: str
    tracking_number: str
    lines: list[dict[str, str | int]]


class RefundView(View, frozen=True):
    id: str
    order_id: str
    amount: Money
    status: str
    reason: str


class PaymentOut(View, frozen=True):
    """`client_secret` finishes the payment at the provider; null while it is out of reach, or no more needed."""

    id: str
    status: str
    client_secret: str | None = None
    next_action: Any = None


class AttemptView(View, frozen=True):
    id: str
    method: str


class ClaimView(View, frozen=True):
    """Money that its buyer gets back by asking at `url`: a "refund", or what came "over", "partial" or "late"."""

    id: str
    reason: str
    amount: Money
    status: str
    url: str | None


class OrderView(View, frozen=True, kw_only=True, omit_defaults=True):
    """`attempts` where there was more than one to pay it; `payment` is the latest, or the one that paid.

    A merchant sees its own lines: other lines, their amounts and the payment are absent."""

    id: str
    status: str
    placed_at: str
    lines: list[OrderLineView]
    totals: OrderTotalsView
    total: Money
    shipments: list[ShipmentRefView]
    refunds: list[RefundView]
    timeline: list[TimelineView]
    parcels: list[ParcelView]
    payment_status: str
    contact: ContactView | None = None
    ship_to: Address | None = None
    pay_before: str | None = None
    explain: list[Explanation] | None = None
    not_included: list[NotIncluded] | None = None
    rates: str | None = None
    used_rates: list[UsedRate] | None = None
    payment: PaymentOut | None = None
    attempts: list[AttemptView] | None = None
    claims: list[ClaimView] | None = None


class PlacedView(View, frozen=True):
    id: str
    status: str
    total: Money
    lines: list[OrderLineView]
    payment: PaymentOut
    order_token: str
    pay_before: str


class OrderSummaryView(View, frozen=True):
    id: str
    status: str
    payment_status: str
    placed_at: str
    total: Money
    skus: list[str]


class OrdersView(View, frozen=True):
    data: list[OrderSummaryView]
    next_cursor: str | None


def payment_out(payment: PaymentView) -> PaymentOut:
    return PaymentOut(
        id=payment.payment_id,
        status=payment.status,
        client_secret=payment.client_secret,
        next_action=payment.next_action,
    )


def placed_view(order: Order, payment: PaymentView, token: str) -> PlacedView:
    return PlacedView(
        id=order.order_id,
        status=order.status.value,
        total=order.total,
        lines=[_order_line(line) for line in order.lines],
        payment=payment_out(payment),
        order_token=token,
        pay_before=rfc3339(order.pay_before),
    )


def order_view(sight: Sight, payment: PaymentView | None = None, claims: Sequence[Claim] = ()) -> OrderView:
    """The whole as its shopper and operators see it; of a merchant's sight only what is its own."""
    return _merchants_view(sight) if sight.role == "merchant" else _whole_view(sight.order, payment, claims)


def _whole_view(order: Order, payment: PaymentView | None, claims: Sequence[Claim]) -> OrderView:
    known = order.kept_until is None
    return OrderView(
        **_common(order, order.lines, order.parcels, order.merchants),
        timeline=_timeline(order),
        status=order.status.value,
        contact=_contact(order) if known else None,
        ship_to=people.address(order) if known else None,
        pay_before=rfc3339(order.pay_before),
        explain=list(order.explain),
        not_included=list(order.not_included),
        rates=order.rates,
        used_rates=list(order.used_rates),
        payment=payment_out(payment)
        if payment
        else PaymentOut(id=order.payment_id, status=order.payment_status),
        attempts=[AttemptView(id=each.payment_id, method=each.method) for each in order.attempts] or None,
        claims=[_claim(each) for each in claims] or None,
    )


def _claim(claim: Claim) -> ClaimView:
    return ClaimView(
        id=claim.claim_id, reason=claim.reason, amount=claim.amount, status=claim.status, url=claim.url
    )


def _merchants_view(sight: Sight) -> OrderView:
    order, merchant_id = sight.order, sight.merchant_id
    assert merchant_id is not None
    parcels = tuple(parcel for parcel in order.parcels if parcel.merchant_id == merchant_id)
    status = order.share(merchant_id).status
    # Not what the status says: an order may be cancelled without ever having been paid.
    paid = any(entry.event == "paid" for entry in order.timeline)
    known = order.kept_until is None
    return OrderView(
        **_common(order, order.lines_of(merchant_id), parcels, (merchant_id,)),
        timeline=_merchants_timeline(order, merchant_id),
        status=status.value,
        contact=_masked_contact(order, paid) if known else None,
        ship_to=people.address(order) if paid and known else None,
    )


def _contact(order: Order) -> ContactView:
    contact = people.contact(order)
    return ContactView(name=contact.name, email=contact.email, phone=contact.phone)


def _masked_contact(order: Order, paid: bool) -> ContactView:
    contact = people.contact(order)
    return ContactView(name=contact.name if paid else None, email=_masked(contact.email))


def _common(
    order: Order, lines: tuple[OrderLine, ...], parcels: tuple[Parcel, ...], merchants: tuple[str, ...]
) -> dict[str, Any]:
    bought = [line.bought for line in lines]
    return {
        "payment_status": order.payment_status,
        "id": order.order_id,
        "placed_at": rfc3339(order.placed_at),
        "lines": [_order_line(line) for line in lines],
        "totals": _totals(bought, order.currency),
        "total": total((line.total for line in bought), order.currency),
        "parcels": [parcel_view(parcel) for parcel in parcels],
        "shipments": [
            ShipmentRefView(
                id=held.shipment_id,
                status=held.status,
                carrier=held.carrier,
                tracking_number=held.tracking_number,
                lines=[{"sku": sku, "quantity": quantity} for sku, quantity in held.lines],
            )
            for held in order.shipments
            if held.merchant_id in merchants
        ],
        "refunds": _refunds(order, merchants),
    }


def _refunds(order: Order, merchants: tuple[str, ...]) -> list[RefundView]:
    views = []
    for refund in order.refunds:
        own = sum(part.amount for part in refund.parts if part.merchant_id in merchants)
        whole = merchants == order.merchants
        if own:
            amount = refund.amount if whole else Money(own, order.currency)
            views.append(
                RefundView(
                    id=refund.refund_id,
                    order_id=order.order_id,
                    amount=amount,
                    status=refund.status,
                    reason=refund.reason,
                )
            )
    return views


def _timeline(order: Order) -> list[TimelineView]:
    return [
        TimelineView(at=rfc3339(entry.at), event=entry.event, actor=entry.actor, facts=entry.facts or {})
        for entry in order.timeline
    ]


def _merchants_timeline(order: Order, merchant_id: str) -> list[TimelineView]:
    """What concerns a merchant, without what it may not know: of the payment no more than that it moved."""
    return [
        TimelineView(
            at=rfc3339(entry.at),
            event=entry.event,
            actor=entry.actor,
            facts={name: text for name, text in (entry.facts or {}).items() if _open_to_all(entry, name)},
        )
        for entry in order.timeline
        if _concerns(order, entry.facts or {}, merchant_id)
    ]


def _open_to_all(entry: Entry, fact: str) -> bool:
    return fact not in ("amount", "merchants") and not entry.event.startswith("payment_")


def _concerns(order: Order, facts: Mapping[str, str], merchant_id: str) -> bool:
    """Of an act on lines, a parcel or a refund: whether any of that is the merchant's."""
    if "merchants" in facts:
        return merchant_id in facts["merchants"].split()
    if "shipment_id" in facts:
        wanted = facts["shipment_id"]
        return any(s.shipment_id == wanted and s.merchant_id == merchant_id for s in order.shipments)
    if "refund_id" in facts:
        refunds = [refund for refund in order.refunds if refund.refund_id == facts["refund_id"]]
        return any(part.merchant_id == merchant_id for refund in refunds for part in refund.parts)
    return True


def _totals(lines: list[QuoteLine], currency: str) -> OrderTotalsView:
    def summed(charge: str) -> Money:
        return total((getattr(line, charge) for line in lines), currency)

    return OrderTotalsView(
        goods=summed("goods"),
        discounts=summed("discount"),
        freight=summed("freight"),
        insurance=summed("insurance"),
        duty=summed("duty"),
        import_tax=summed("import_tax"),
        fees=summed("fees"),
        total=summed("total"),
    )


def parcel_view(parcel: Parcel) -> ParcelView:
    return ParcelView(
        merchant_id=parcel.merchant_id,
        warehouse_id=parcel.warehouse_id,
        carrier=parcel.carrier,
        service=parcel.service,
        regime=parcel.regime,
        incoterm=parcel.incoterm,
        lines=[{"sku": line.sku, "quantity": line.quantity} for line in parcel.lines],
        freight=parcel.freight,
        promise=PromiseView(earliest=parcel.promise.earliest, latest=parcel.promise.latest),
    )


def _order_line(line: OrderLine) -> OrderLineView:
    return OrderLineView(**amounts(line.bought), cancelled=line.cancelled, shipped=line.shipped)


def amounts(line: QuoteLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "merchant_id": line.merchant_id,
        "title": line.title,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "goods": line.goods,
        "discount": line.discount,
        "freight": line.freight,
        "insurance": line.insurance,
        "duty": line.duty,
        "import_tax": line.import_tax,
        "fees": line.fees,
        "total": line.total,
    }


def _masked(email: str) -> str:
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain[:1]}***"
