"""What clearing's routes take and give."""

import base64
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Final, Literal

from msgspec import Meta

from entrepot.cloud.wire import Body, Line, View
from entrepot.kernel.money import Money
from functions.clearing.csv_files import csv_of
from functions.clearing.domain.items import Item
from functions.clearing.domain.reports import Report, Totals

PAGE: Final = 24
Source = Literal["stripe", "bank"]


class ReportsQuery(Body, frozen=True):
    source: Source
    limit: Annotated[int, Meta(ge=1, le=100)] = PAGE
    cursor: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


class LinesQuery(Body, frozen=True):
    """`lines`: those with a difference, now or before, or all."""

    lines: Literal["differences", "all"] = "differences"
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


class BreaksQuery(Body, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = PAGE
    cursor: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


class TotalsView(View, frozen=True):
    """Sums of one currency, in minor units: provider = ledger + explained + breaks.

    `explained` is by cause: "fee", "rate", "timing". `open_breaks` adds breaks up without their signs.
    """

    currency: str
    movements: int
    provider: int
    ledger: int
    matched: int
    explained: Mapping[str, int]
    breaks: int
    open_breaks: int
    number_of_breaks: int
    resolved: int


class ReportView(View, frozen=True):
    """`complete`: every movement of the day and every entry of the ledger has been looked at."""

    source: str
    day: date
    complete: bool
    totals: list[TotalsView]


class ReportsView(View, frozen=True):
    data: list[ReportView]
    next_cursor: str | None


class SumView(View, frozen=True):
    """`difference` is what the provider moved more than the ledger."""

    provider: Money
    ledger: Money
    difference: Money


class ItemView(View, frozen=True):
    """A movement beside the ledger's entries for it, or an entry that the source has not told of.

    `side`: "provider", or "ledger" where the ledger alone tells. `key`: the movement's id, or the fact. `cause`
    is empty where there is none. `facts`: the names of the entries that count for it.
    """

    id: str
    source: str
    day: date
    side: str
    kind: str
    key: str
    at: datetime
    sums: list[SumView]
    outcome: str
    cause: str
    age_days: int
    owner: str
    taken_by: str | None
    reason: str | None
    note: str | None
    facts: tuple[str, ...]


class DayView(View, frozen=True):
    """A report with some of its lines; a page may be short, or empty; only a null cursor ends the list."""

    report: ReportView
    data: list[ItemView]
    next_cursor: str | None


class DayFileView(View, frozen=True):
    """`content` is the file in base64: the day's sums, and one page of lines."""

    file_name: str
    media_type: str
    content: str
    next_cursor: str | None


class BreaksView(View, frozen=True):
    """A page may be short, or empty; only a null cursor ends the list."""

    data: list[ItemView]
    next_cursor: str | None


class TakeBody(Body, frozen=True):
    """Whose the break is from now on; without it, the caller's."""

    taken_by: Annotated[str, Meta(pattern=r"^mbr_[0-9A-Z]{26}\Z")] | None = None


class ResolveBody(Body, frozen=True):
    """Why it is closed: a `fee` or `rate` that was never told is booked; `suspense` keeps the money for who will ask
    for it; `write_off` makes it ours."""

    reason: Literal["fee", "rate", "suspense", "write_off"]
    note: Line


def report_view(report: Report) -> ReportView:
    totals = [_totals(each) for each in report.totals]
    return ReportView(source=report.source, day=report.day, complete=report.complete, totals=totals)


def file_view(report: Report, items: tuple[Item, ...], today: date, next_cursor: str | None) -> DayFileView:
    text = csv_of(report, items, today)
    return DayFileView(
        file_name=f"clearing-{report.source}-{report.day.isoformat()}.csv",
        media_type="text/csv; charset=utf-8",
        content=base64.b64encode(text.encode()).decode(),
        next_cursor=next_cursor,
    )


def item_view(item: Item, today: date) -> ItemView:
    return ItemView(
        id=item.item_id,
        source=item.source,
        day=item.day,
        side=item.side.value,
        kind=item.kind,
        key=item.key,
        at=item.at,
        sums=[
            SumView(
                provider=Money(each.provider, each.currency),
                ledger=Money(each.ledger, each.currency),
                difference=Money(each.difference, each.currency),
            )
            for each in item.sums
        ],
        outcome=item.outcome.value,
        cause=item.cause.value,
        age_days=item.age_days(today),
        owner=item.owner.value,
        taken_by=item.taken_by or None,
        reason=item.reason or None,
        note=item.note or None,
        facts=item.facts,
    )


def _totals(each: Totals) -> TotalsView:
    return TotalsView(
        currency=each.currency,
        movements=each.movements,
        provider=each.provider,
        ledger=each.ledger,
        matched=each.matched,
        explained=each.explained,
        breaks=each.breaks,
        open_breaks=each.open_breaks,
        number_of_breaks=each.number_of_breaks,
        resolved=each.resolved,
    )
