"""Clearing over HTTP: reports by day, and the breaks that people work on."""

from datetime import date

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.kernel.refusals import NotFound
from functions.clearing.domain.items import Reason
from functions.clearing.service import breaks, reading
from functions.clearing.service.jobs import SOURCES
from functions.clearing.views import (
    BreaksQuery,
    BreaksView,
    DayFileView,
    DayView,
    ItemView,
    LinesQuery,
    ReportsQuery,
    ReportsView,
    ResolveBody,
    TakeBody,
    file_view,
    item_view,
    report_view,
)

api = Api(__name__)


@api.get("/v1/clearing/reports", allow="clearing.read", query=ReportsQuery)
def list_reports(call: Call) -> ReportsView:
    wanted: ReportsQuery = call.query
    page = reading.listed(wanted.source, wanted.limit, call.after(wanted.cursor, wanted.source))
    return ReportsView(
        data=[report_view(each) for each in page.items],
        next_cursor=call.cursor(page.next_key, wanted.source),
    )


@api.get("/v1/clearing/reports/{source}/{day}", allow="clearing.read", query=LinesQuery)
def read_report(call: Call, source: str, day: str) -> DayView:
    wanted: LinesQuery = call.query
    on, binding = _day(source, day), f"{source}|{day}|{wanted.lines}"
    after = call.after(wanted.cursor, binding)
    report = reading.report(source, on)
    page = reading.lines(source, on, wanted.limit, after, differences=wanted.lines == "differences")
    return DayView(
        report=report_view(report),
        data=[item_view(item, call.now.date()) for item in page.items],
        next_cursor=call.cursor(page.next_key, binding),
    )


@api.get("/v1/clearing/reports/{source}/{day}/csv", allow="clearing.read", query=LinesQuery)
def read_report_csv(call: Call, source: str, day: str) -> DayFileView:
    wanted: LinesQuery = call.query
    on, binding = _day(source, day), f"{source}|{day}|{wanted.lines}|csv"
    after = call.after(wanted.cursor, binding)
    report = reading.report(source, on)
    page = reading.lines(source, on, wanted.limit, after, differences=wanted.lines == "differences")
    return file_view(report, page.items, call.now.date(), call.cursor(page.next_key, binding))


@api.get("/v1/clearing/breaks", allow="clearing.read", query=BreaksQuery)
def list_breaks(call: Call) -> BreaksView:
    wanted: BreaksQuery = call.query
    page = breaks.listed(wanted.limit, call.after(wanted.cursor, "breaks"))
    return BreaksView(
        data=[item_view(item, call.now.date()) for item in page.items],
        next_cursor=call.cursor(page.next_key, "breaks"),
    )


@api.post("/v1/clearing/breaks/{break_id}/take", allow="clearing.write", refuses=(409,))
def take_break(call: Call, body: TakeBody, break_id: str) -> ItemView:
    return item_view(breaks.take(break_id, call.member, body.taken_by), call.now.date())


@api.post("/v1/clearing/breaks/{break_id}/resolution", allow="clearing.write", refuses=(409,))
def resolve_break(call: Call, body: ResolveBody, break_id: str) -> ItemView:
    made = breaks.resolve(break_id, Reason(body.reason), body.note, call.member, call.now)
    return item_view(made, call.now.date())


def _day(source: str, day: str) -> date:
    """Raises: NotFound: no such source or day."""
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise NotFound from None
    if source not in SOURCES:
        raise NotFound
    return on
