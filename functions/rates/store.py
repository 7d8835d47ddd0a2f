"""The table `rates`: a row for each day of publication, never changed, and one that says which is the newest."""

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.refusals import Kind, Refusal
from functions.rates.domain import RateTable


class AlreadyStored(Refusal):
    code = "rates_stored"
    kind = Kind.CONFLICT
    title = "This day's rates are stored already, or newer ones are."


class RatesRow(Row):
    """A publication: pk `day#<date>`, sk "rates". Reached by day. And the newest: pk "newest", sk "rates".

    `rates` are decimal texts, units of the currency for one euro. A day's row is immutable; the newest only rises.
    """

    class Meta:
        table_name = aws.name("rates")

    day = Text()
    source = Text()
    fetched_at = Text()
    rates: Document[dict[str, str]] = Document(dict[str, str])


def newest_read() -> reads.Read[RateTable]:
    return reads.Read(RatesRow, "newest", "rates", _table)


def day_read(day: date) -> reads.Read[RateTable]:
    return reads.Read(RatesRow, _day_key(day), "rates", _table)


def create_day(table: RateTable, now: datetime) -> Write:
    """Raises, at commit: AlreadyStored."""
    return writes.create(_row(_day_key(table.date), table, now), AlreadyStored())


def put_newest(table: RateTable, now: datetime) -> Write:
    """Raises, at commit: AlreadyStored: the one there is as new or newer."""
    older = RatesRow.pk.does_not_exist() | (RatesRow.day < table.date.isoformat())
    return writes.put(_row("newest", table, now), older, AlreadyStored())


def days(wanted: Sequence[date]) -> list[RateTable]:
    """What was published on these days, in one request."""
    return [table for table in reads.fetch(*map(day_read, wanted)) if table is not None]


def _day_key(day: date) -> str:
    return f"day#{day.isoformat()}"


def _row(pk: str, table: RateTable, now: datetime) -> RatesRow:
    return RatesRow(
        pk,
        "rates",
        day=table.date.isoformat(),
        source=table.source,
        fetched_at=rfc3339(now),
        rates={currency: _text(rate) for currency, rate in table.rates.items()},
    )


def _text(rate: Fraction) -> str:
    """The decimal that the rate was read from: at most nine places."""
    whole, rest = divmod(rate * 10**9, 10**9)
    return f"{whole}.{int(rest):09}"


def _table(row: RatesRow) -> RateTable:
    rates = {currency: Fraction(text) for currency, text in row.rates.items()}
    return RateTable(date.fromisoformat(row.day), row.source, rates)
