"""The audit log over HTTP."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from entrepot.cloud.audit import Entry
from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.cloud.wire import Body, IdText, View
from functions.audit import service

api = Api(__name__)


class AuditQuery(Body, frozen=True):
    """`day` in UTC; today where none is given."""

    day: date | None = None
    actor: IdText | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class EntryView(View, frozen=True):
    """`outcome` is "done" or "refused"; `things` are the ids of what was touched."""

    id: str
    at: datetime
    actor: str
    role: str | None
    merchant_id: str | None
    action: str
    outcome: str
    route: str | None
    things: tuple[str, ...]
    correlation_id: str


class EntriesView(View, frozen=True):
    data: list[EntryView]
    next_cursor: str | None


@api.get("/v1/audit", allow="audit.read", query=AuditQuery)
def read_audit(call: Call) -> EntriesView:
    query: AuditQuery = call.query
    day = query.day or call.now.date()
    binding = f"{day.isoformat()}|{query.actor}"
    page = service.entries(day, query.actor, query.limit, call.after(query.cursor, binding))
    return EntriesView(
        data=[_view(entry) for entry in page.items], next_cursor=call.cursor(page.next_key, binding)
    )


def _view(entry: Entry) -> EntryView:
    return EntryView(
        id=entry.entry_id,
        at=entry.at,
        actor=entry.actor,
        role=entry.role,
        merchant_id=entry.merchant_id,
        action=entry.action,
        outcome=entry.outcome,
        route=entry.route,
        things=entry.things,
        correlation_id=entry.correlation_id,
    )
