"""Rows of the table `customs`: what a person has used of a yearly quota, and by which orders."""

from datetime import UTC, datetime
from typing import ClassVar, Final

from entrepot.cloud import aws
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Number, Row
from entrepot.cloud.writes import Write, create, delete, update
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Kind, Refusal

_CURRENCY: Final = "CNY"
_USED: Final = "used"
_KEPT_YEARS: Final = 3  # after the year itself; the quota is the matter of one year, claims take longer


class QuotaAlreadyReserved(Refusal):
    """An order reserves once; the same commit sent twice ends here. Facts: `order_id`."""

    code: ClassVar[str] = "quota_already_reserved"
    kind: ClassVar[Kind] = Kind.CONFLICT
    title: ClassVar[str] = "This order holds its quota already."


class QuotaNotReserved(Refusal):
    """An order releases once, and what it reserved. Facts: `order_id`."""

    code: ClassVar[str] = "quota_not_reserved"
    kind: ClassVar[Kind] = Kind.CONFLICT
    title: ClassVar[str] = "This order holds no such quota."


class QuotaRow(Row):
    """A person's use of a year's quota.

    pk `quota#<identity hash>#<year in Asia/Shanghai>`
    sk `used`: the sum, read with a quote, changed with an order and its cancelling
    sk `order#<order id>`: what one order holds of it
    used_fen, amount_fen: hundredths of a CNY. expires_at: epoch seconds, three years after the year.
    """

    class Meta:
        table_name = aws.name("customs")

    used_fen = Number(null=True)
    amount_fen = Number(null=True)
    expires_at = Number(null=True)


def quota_read(person: str, year: int) -> Read[Money]:
    return Read(QuotaRow, _pk(person, year), _USED, lambda row: Money(int(row.used_fen), _CURRENCY))


def reserve(
    person: str, year: int, order_id: str, amount: Money, limit: Money, refusal: Refusal
) -> list[Write]:
    """Adds to the sum while it stays within the limit, and notes the order, once."""
    pk, until = _pk(person, year), _expiry(year)
    used = QuotaRow.used_fen
    fits = used.does_not_exist() | (used <= limit.amount - amount.amount)
    return [
        update(QuotaRow(pk, _USED), [used.add(amount.amount), QuotaRow.expires_at.set(until)], fits, refusal),
        create(
            QuotaRow(pk, _order(order_id), amount_fen=amount.amount, expires_at=until),
            QuotaAlreadyReserved(order_id=order_id),
        ),
    ]


def release(person: str, year: int, order_id: str, amount: Money) -> list[Write]:
    """Takes from the sum what the order reserved, once: its note goes in the same commit."""
    pk, used = _pk(person, year), QuotaRow.used_fen
    refusal = QuotaNotReserved(order_id=order_id)
    return [
        delete(QuotaRow(pk, _order(order_id)), QuotaRow.amount_fen == amount.amount, refusal),
        update(QuotaRow(pk, _USED), [used.add(-amount.amount)], used >= amount.amount, refusal),
    ]


def forget_order(person: str, year: int, order_id: str, amount: Money) -> Write:
    """Which order used a part of the sum is forgotten, if it is still known; the sum stays."""
    still = QuotaRow.amount_fen == amount.amount
    gone = QuotaRow.pk.does_not_exist()
    row = QuotaRow(_pk(person, year), _order(order_id))
    return delete(row, gone | still, QuotaNotReserved(order_id=order_id))


def _pk(person: str, year: int) -> str:
    return f"quota#{person}#{year}"


def _order(order_id: str) -> str:
    return f"order#{order_id}"


def _expiry(year: int) -> int:
    return int(datetime(year + 1 + _KEPT_YEARS, 1, 1, tzinfo=UTC).timestamp())
