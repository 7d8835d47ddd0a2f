"""Merchants' schedules, and what is held back of them until a day."""

from dataclasses import dataclass
from datetime import date, datetime

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Row
from entrepot.cloud.writes import Write
from entrepot.kernel.money import Money
from functions.settlement.domain.schedules import Schedule
from functions.settlement.store.shards import SHARDS, AlreadyPosted, Overtaken, shard_of


@dataclass(frozen=True, slots=True)
class Reserve:
    """What of a statement is held back until a day."""

    statement_id: str
    merchant_id: str
    amount: Money
    until: date


class ScheduleRow(Row):
    """How often a merchant is settled: pk `merchant#<merchant>`, sk "schedule"."""

    class Meta:
        table_name = aws.name("settlement")

    schedule = Document[Schedule](Schedule)


class ReserveRow(Row):
    """A reserve that is not let go yet: pk `reserve#<shard>`, sk `<day>#<statement>`. Reached by shard and days."""

    class Meta:
        table_name = aws.name("settlement")

    reserve = Document[Reserve](Reserve)


def schedule_read(merchant_id: str) -> reads.Read[Schedule]:
    return reads.Read(ScheduleRow, f"merchant#{merchant_id}", "schedule", lambda row: row.schedule)


def scheduled(merchant_id: str, schedule: Schedule) -> Write:
    return writes.put(ScheduleRow(f"merchant#{merchant_id}", "schedule", schedule=schedule))


def held_back(reserve: Reserve) -> Write:
    """Raises, at commit: AlreadyPosted."""
    return writes.create(_row(reserve), AlreadyPosted())


def to_let_go(now: datetime) -> list[Reserve]:
    """Every reserve whose day has come: SHARDS queries."""
    where = ReserveRow.sk < f"{now.date().isoformat()}$"  # "$" comes after "#": the day itself is in
    return [
        reserve
        for shard in range(SHARDS)
        for reserve in reads.query_all(
            ReserveRow, f"reserve#{shard}", lambda row: row.reserve, where=where, consistent=True
        )
    ]


def let_go_of(reserve: Reserve) -> Write:
    """Raises, at commit: Overtaken."""
    return writes.delete(_row(reserve), ReserveRow.pk.exists(), Overtaken())


def _row(reserve: Reserve) -> ReserveRow:
    day = reserve.until.isoformat()
    key = f"reserve#{shard_of(reserve.statement_id)}"
    return ReserveRow(key, f"{day}#{reserve.statement_id}", reserve=reserve)
