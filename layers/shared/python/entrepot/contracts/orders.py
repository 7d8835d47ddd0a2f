"""Events of orders. Amounts are minor units in the order's currency; `lines` name SKUs and places, never people."""

from datetime import date
from typing import ClassVar

import msgspec

from entrepot.contracts.events import Event


class StockLine(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    merchant_id: str
    warehouse_id: str
    quantity: int


class OrderPlaced(Event, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "orders.order_placed"
    order_id: str
    member_id: str | None
    payment_id: str
    currency: str
    total: int
    lines: tuple[StockLine, ...]


class OrderPaid(Event, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "orders.order_paid"
    order_id: str
    payment_id: str
    currency: str
    total: int
    lines: tuple[StockLine, ...]


class OrderCancelled(Event, frozen=True, kw_only=True):
    """Whole, or some lines of it: `lines` are what was cancelled, `whole` says whether nothing is left.

    reason: cancelled_by_shopper, cancelled_by_merchant or cancelled_by_operator.
    """

    NAME: ClassVar[str] = "orders.order_cancelled"
    order_id: str
    whole: bool
    reason: str
    lines: tuple[StockLine, ...]


class OrderExpired(Event, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "orders.order_expired"
    order_id: str
    lines: tuple[StockLine, ...]


class EvidenceGathered(Event, frozen=True, kw_only=True):
    """What an order says for itself in a dispute: goods, parcels and what happened when; nothing of the buyer.

    shipping_carrier, shipping_tracking_number: of all parcels, by ", ". shipping_date: of the first, in ISO 8601,
    empty where nothing was sent. course: a line for each thing that happened.
    """

    NAME: ClassVar[str] = "orders.evidence_gathered"
    order_id: str
    payment_id: str
    dispute_id: str
    product_description: str
    shipping_carrier: str
    shipping_tracking_number: str
    shipping_date: str
    course: str


class TaxOwed(msgspec.Struct, frozen=True, kw_only=True):
    """Duty, import tax or fees of a share: who owes it to which authority. `liable` is "platform" or "seller"."""

    authority: str
    kind: str
    amount: int
    liable: str


class ShareCompleted(Event, frozen=True, kw_only=True):
    """A merchant's share of an order may be settled: what remains of it after cancellations and refunds.

    `goods` is after discounts. `freight` holds the insurance that the carrier sells with it. `paid` = goods + freight +
    the sum of `taxes`, what the buyer paid for this share.
    """

    NAME: ClassVar[str] = "orders.share_completed"
    order_id: str
    merchant_id: str
    payment_id: str
    currency: str
    goods: int
    freight: int
    taxes: tuple[TaxOwed, ...]
    refunded: int
    paid: int


class ShareRefunded(Event, frozen=True, kw_only=True):
    """The buyer gets back part of a share that had completed: the merchant owes it."""

    NAME: ClassVar[str] = "orders.share_refunded"
    order_id: str
    merchant_id: str
    refund_id: str
    currency: str
    amount: int


class BuyerForgotten(Event, frozen=True, kw_only=True):
    """Whoever bought this has left, and the order knows them no more: so shall its payments and its shipments.

    `kept_until`: the last day that what is left of it is kept for.
    """

    NAME: ClassVar[str] = "orders.buyer_forgotten"
    order_id: str
    payment_ids: tuple[str, ...]
    shipment_ids: tuple[str, ...]
    kept_until: date
