"""Rows of the table `orders`, and how they become carts, quotes and orders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.pynamo import AllProjection, Condition, GlobalSecondaryIndex
from entrepot.cloud.rows import Document, Number, Packed, Row, Text
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.money import Money, total
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Kind, NotFound, Refusal
from functions.orders.domain.cart import Cart, CartLine
from functions.orders.domain.forgetting import forgotten
from functions.orders.domain.order import Order
from functions.orders.domain.quote import Quote, QuoteExpired, QuoteUsed

DUE_SHARDS: Final = 8
_CART_KEPT: Final = timedelta(days=30)
_QUOTE_KEPT: Final = timedelta(days=2)
_NOTE_KEPT: Final = timedelta(days=400)  # a cart that is filled again and again lives on
_LEFT_KEPT: Final = timedelta(days=2)  # an access token lives a quarter of an hour


class Changed(Refusal):
    """It was changed between reading and writing; whoever meets this reads again and decides anew."""

    code = "changed_meanwhile"
    kind = Kind.BUSY


class CartRow(Row):
    """A cart: pk `cart#<id>`, sk "cart". Reached by its id."""

    class Meta:
        table_name = aws.name("orders")

    member_id = Text(null=True)
    token_hash = Text()
    lines: Document[tuple[CartLine, ...]] = Document(tuple[CartLine, ...])
    revision = Number()
    expires_at = Number()  # seconds since 1970, for the collection of rubbish


class DeskRow(Row):
    """A note of a cart or quote that a member made: pk `member#<mbr>`, sk `cart#<id>` or `quote#<id>`.

    Listed by member, when they leave or ask what is held about them. It may outlive what it notes.
    """

    class Meta:
        table_name = aws.name("orders")

    expires_at = Number()  # seconds since 1970, for the collection of rubbish


class LeftRow(Row):
    """A member who has left: pk `member#<mbr>`, sk "left". Reached by member, while a token of theirs may live."""

    class Meta:
        table_name = aws.name("orders")

    expires_at = Number()  # seconds since 1970, for the collection of rubbish


class QuoteRow(Row):
    """A quote: pk `quote#<id>`, sk "quote". Reached by its id; used once, before `valid_until`."""

    class Meta:
        table_name = aws.name("orders")

    document: Packed[Quote] = Packed(Quote)
    valid_until = Text()
    order_id = Text(null=True)
    expires_at = Number()  # seconds since 1970, for the collection of rubbish


class DueIndex(GlobalSecondaryIndex["OrderRow"]):  # type: ignore[no-untyped-call]
    """Orders for which the clock has something to do, by when. Sparse; eight shards."""

    class Meta:
        index_name = "due"
        projection = AllProjection()

    due_shard = Text(hash_key=True)
    due_at = Text(range_key=True)


class OrderRow(Row):
    """An order: pk `order#<id>`, sk "order". Reached by its id, and through `due` while the clock waits for it."""

    class Meta:
        table_name = aws.name("orders")

    status = Text()
    document: Packed[Order] = Packed(Order)
    revision = Number()
    due_shard = Text(null=True)
    due_at = Text(null=True)
    expires_at = Number(null=True)  # seconds since 1970: the end of what is left, once its buyer is forgotten
    due = DueIndex()


class SummaryRow(Row):
    """An order in a list: pk `list#member#<id>`, `list#merchant#<id>` or `list#day#<date>`, sk `<placed_at>#<id>`.

    `total` is in minor units: of the merchant's own lines in a merchant's list, else of the order.
    """

    class Meta:
        table_name = aws.name("orders")

    order_id = Text()
    status = Text()
    payment_status = Text()
    placed_at = Text()
    total = Number()
    currency = Text()
    skus: Document[tuple[str, ...]] = Document(tuple[str, ...])
    sku_text = Text()  # `|sku|sku|`, so that a filter can look for one
    expires_at = Number(null=True)  # as its order's


def cart_read(cart_id: str) -> reads.Read[Cart]:
    return reads.Read(CartRow, f"cart#{cart_id}", "cart", _cart)


def quote_read(quote_id: str) -> reads.Read[tuple[Quote, str | None]]:
    """The quote, and the id of the order that used it."""
    return reads.Read(QuoteRow, f"quote#{quote_id}", "quote", lambda row: (row.document, row.order_id))


def order_read(order_id: str) -> reads.Read[Order]:
    return reads.Read(OrderRow, f"order#{order_id}", "order", _order)


def left_read(member_id: str) -> reads.Read[bool]:
    """Whether a member has left."""
    return reads.Read(LeftRow, f"member#{member_id}", "left", lambda _: True)


def create_cart(cart: Cart, now: datetime) -> list[writes.Write]:
    noted = _noted(cart.member_id, f"cart#{cart.cart_id}", now + _NOTE_KEPT)
    return [writes.create(_cart_row(cart, now), Changed()), *noted]


def save_cart(before: Cart, after: Cart, now: datetime) -> writes.Write:
    row = _cart_row(replace(after, revision=before.revision + 1), now)
    return writes.put(row, CartRow.revision == before.revision, Changed())


def delete_cart(cart: Cart) -> writes.Write:
    return writes.delete(
        CartRow(f"cart#{cart.cart_id}", "cart"), CartRow.revision == cart.revision, Changed()
    )


def create_quote(quote: Quote) -> list[writes.Write]:
    kept_until = quote.expires_at + _QUOTE_KEPT
    row = QuoteRow(
        f"quote#{quote.quote_id}",
        "quote",
        document=quote,
        valid_until=rfc3339(quote.expires_at),
        expires_at=int(kept_until.timestamp()),
    )
    noted = _noted(quote.member_id, f"quote#{quote.quote_id}", kept_until)
    return [writes.create(row, Changed()), *noted]


def drop_quote(quote_id: str) -> writes.Write:
    return writes.delete(QuoteRow(f"quote#{quote_id}", "quote"))


def left(member_id: str, now: datetime) -> writes.Write:
    kept = int((now + _LEFT_KEPT).timestamp())
    return writes.put(LeftRow(f"member#{member_id}", "left", expires_at=kept))


def desk(member_id: str) -> list[str]:
    """The carts and quotes that a member made: `cart#<id>`, `quote#<id>`."""
    notes = reads.query_all(DeskRow, f"member#{member_id}", lambda row: str(row.sk), consistent=True)
    return [note for note in notes if "#" in note]


def desk_cleared(member_id: str, notes: Sequence[str]) -> list[writes.Write]:
    """The end of carts and quotes and of the notes of them."""
    gone: list[writes.Write] = []
    for note in notes:
        kind = note.partition("#")[0]
        gone.append(writes.delete(CartRow(note, kind) if kind == "cart" else QuoteRow(note, kind)))
        gone.append(writes.delete(DeskRow(f"member#{member_id}", note)))
    return gone


def orders_of(member_id: str) -> list[str]:
    """The ids of all orders of a member, oldest first."""
    return reads.query_all(
        SummaryRow, f"list#member#{member_id}", lambda row: str(row.order_id), consistent=True
    )


def use_quote(quote: Quote, order_id: str, now: datetime) -> writes.Write:
    """Raises, at commit: QuoteUsed, QuoteExpired."""

    def explain(row: QuoteRow | None) -> Refusal:
        if row is None:
            return NotFound(field="quote_id")
        return QuoteUsed(field="quote_id") if row.order_id else QuoteExpired(field="quote_id")

    return writes.update(
        QuoteRow(f"quote#{quote.quote_id}", "quote"),
        [QuoteRow.order_id.set(order_id)],
        QuoteRow.order_id.does_not_exist() & (QuoteRow.valid_until > rfc3339(now)),
        explain,
    )


def create_order(order: Order) -> list[writes.Write]:
    """The order and its line in every list."""
    summaries = [writes.create(row, Changed()) for row in _summaries(order)]
    return [writes.create(_order_row(order), Changed()), *summaries]


def save_order(before: Order, after: Order) -> list[writes.Write]:
    """The order as it is now, and its line in each list where that reads differently.

    One that has forgotten its buyer learns no words that somebody types later.
    """
    if after.kept_until is not None:
        after = forgotten(after, after.kept_until)
    row = _order_row(replace(after, revision=before.revision + 1))
    held = {summary.pk: _facts(summary) for summary in _summaries(before)}
    return [
        writes.put(row, OrderRow.revision == before.revision, Changed()),
        # The condition of these is the order's own, in the same transaction.
        *(writes.put(summary) for summary in _summaries(after) if held[summary.pk] != _facts(summary)),
    ]


def postpone(order: Order, until: datetime) -> writes.Write:
    """Let the clock look at an order again later."""
    return writes.update(
        OrderRow(f"order#{order.order_id}", "order"),
        [OrderRow.due_at.set(rfc3339(until))],
        OrderRow.revision == order.revision,
        Changed(),
    )


def due(now: datetime, limit: int) -> Iterator[Order]:
    """Orders for which it is time, at most `limit` of each shard, the longest overdue first."""
    for shard in range(DUE_SHARDS):
        yield from reads.query(
            OrderRow,
            str(shard),
            _order,
            index="due",
            where=OrderRow.due_at <= rfc3339(now),
            limit=limit,
        ).items


def _order_row(order: Order) -> OrderRow:
    due_at = order.due_at()
    return OrderRow(
        f"order#{order.order_id}",
        "order",
        status=order.status.value,
        document=order,
        revision=order.revision,
        due_shard=str(sum(order.order_id.encode()) % DUE_SHARDS) if due_at else None,
        due_at=rfc3339(due_at) if due_at else None,
        expires_at=_expires_at(order),
    )


def _noted(member_id: str | None, what: str, until: datetime) -> list[writes.Write]:
    if member_id is None:
        return []
    return [writes.put(DeskRow(f"member#{member_id}", what, expires_at=int(until.timestamp())))]


def _expires_at(order: Order) -> int | None:
    if order.kept_until is None:
        return None
    return int(datetime.combine(order.kept_until + timedelta(days=1), time(), UTC).timestamp())


def _summaries(order: Order) -> list[SummaryRow]:
    skus = tuple(line.sku for line in order.lines)
    day = order.placed_at.date().isoformat()
    rows = [_summary(f"list#day#{day}", order, order.status.value, order.total, skus)]
    if order.member_id:
        rows.append(_summary(f"list#member#{order.member_id}", order, order.status.value, order.total, skus))
    for share in order.shares:
        lines = order.lines_of(share.merchant_id)
        worth = total((line.bought.total for line in lines), order.currency)
        own = tuple(line.sku for line in lines)
        rows.append(_summary(f"list#merchant#{share.merchant_id}", order, share.status.value, worth, own))
    return rows


def _summary(pk: str, order: Order, status: str, worth: Money, skus: tuple[str, ...]) -> SummaryRow:
    placed_at = rfc3339(order.placed_at)
    return SummaryRow(
        pk,
        f"{placed_at}#{order.order_id}",
        order_id=order.order_id,
        status=status,
        payment_status=order.payment_status,
        placed_at=placed_at,
        total=worth.amount,
        currency=worth.currency,
        skus=skus,
        sku_text="|" + "|".join(skus) + "|",
        expires_at=_expires_at(order),
    )


def _facts(row: SummaryRow) -> tuple[str, str, float | None]:
    return (row.status, row.payment_status, row.expires_at)


def _cart_row(cart: Cart, now: datetime) -> CartRow:
    return CartRow(
        f"cart#{cart.cart_id}",
        "cart",
        member_id=cart.member_id,
        token_hash=cart.token_hash,
        lines=cart.lines,
        revision=cart.revision,
        expires_at=int((now + _CART_KEPT).timestamp()),
    )


def _cart(row: CartRow) -> Cart:
    return Cart(row.pk.partition("#")[2], row.member_id, row.token_hash, row.lines, int(row.revision))


def _order(row: OrderRow) -> Order:
    return replace(row.document, revision=int(row.revision))


@dataclass(frozen=True, slots=True)
class Summary:
    """An order in a list."""

    order_id: str
    status: str
    payment_status: str
    placed_at: str
    total: Money
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders: at most one of status, payment_status and sku, and the time they were placed."""

    placed_from: datetime | None = None
    placed_to: datetime | None = None
    status: str | None = None
    payment_status: str | None = None
    sku: str | None = None


def summaries(scope: str, wanted: Filter, limit: int, after: Mapping[str, str] | None) -> Page[Summary]:
    """One page of a list, newest first. `scope` is "member#<id>", "merchant#<id>" or "day#<date>"."""
    lower = rfc3339(wanted.placed_from) if wanted.placed_from else "0"
    upper = rfc3339(wanted.placed_to) if wanted.placed_to else "9"
    return reads.query(
        SummaryRow,
        f"list#{scope}",
        _listed,
        where=SummaryRow.sk.between(lower, upper + "#~"),
        only=_only(wanted),
        limit=limit,
        newest_first=True,
        after=after,
    )


def _only(wanted: Filter) -> Condition | None:
    if wanted.status is not None:
        return SummaryRow.status == wanted.status
    if wanted.payment_status is not None:
        return SummaryRow.payment_status == wanted.payment_status
    if wanted.sku is not None:
        return SummaryRow.sku_text.contains(f"|{wanted.sku}|")
    return None


def _listed(row: SummaryRow) -> Summary:
    return Summary(
        row.order_id,
        row.status,
        row.payment_status,
        row.placed_at,
        Money(int(row.total), row.currency),
        row.skus,
    )
