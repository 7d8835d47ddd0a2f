"""Everything that is held about a member, as one JSON document in a private bucket for a day.

Asking writes an event with the wish; a function gathers. Whoever leaves meanwhile gets no document: it is dropped again
where the wish is gone when it is ready.
"""

from datetime import datetime
from typing import Final

import msgspec

from entrepot.cloud import audit, reads, telemetry, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.buckets import bucket
from entrepot.cloud.outbox import announce
from entrepot.contracts.membership import MemberErased
from entrepot.contracts.privacy import ExportRequested
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy, NotFound
from functions.membership import facade as membership
from functions.privacy import store
from functions.privacy.domain import LINK_LIFE, Export, Exports, object_key
from functions.privacy.service import gathering

_TRIES: Final = 5
_BUCKET: Final = bucket("exports", "application/json")
"""Where a document lies for a day."""


def request(caller: Principal, now: datetime) -> Export:
    """A new export, or the one that is being made.

    Raises: SignInAgain, TooManyExports, Busy.
    """
    membership.fresh(caller, now)
    for _ in range(_TRIES):
        held = _held(caller.member_id)
        running = held.running(now)
        if running is not None:
            return running
        after = held.with_one(new_id("exp", now), now)
        event = ExportRequested(
            event_id=new_id("evt", now),
            occurred_at=now,
            export_id=after.exports[-1].export_id,
            member_id=caller.member_id,
        )
        try:
            audit.commit(
                "member.export", caller.member_id, store.exports_saved(held, after, now), announce(event)
            )
        except store.ExportsChanged:
            continue
        return after.exports[-1]
    raise Busy


def read(caller: Principal, export_id: str, now: datetime) -> tuple[Export, str | None]:
    """An export of one's own, and the link to it once it is ready.

    Raises: SignInAgain, NotFound.
    """
    membership.fresh(caller, now)
    export = _held(caller.member_id).of(export_id)
    if export is None:
        raise NotFound
    if export.status(now) != "ready":
        return export, None
    name = f"entrepot-{export.requested_at.date().isoformat()}.json"
    key = object_key(caller.member_id, export_id)
    return export, _BUCKET.link(key, name, int(LINK_LIFE.total_seconds()))


def on_export_requested(event: ExportRequested, handled: writes.Write, now: datetime) -> None:
    """Gather and keep; a wish that is gone or done is passed over."""
    if _waits(event, now) is None:
        writes.commit(handled)
        return
    content = msgspec.json.encode(gathering.gathered(event.member_id, now))
    key = object_key(event.member_id, event.export_id)
    _BUCKET.put(key, content)
    for _ in range(_TRIES):
        held = _waits(event, now)
        if held is None:
            _BUCKET.drop(key)  # its member has left meanwhile
            writes.commit(handled)
            return
        try:
            after = held.ready(event.export_id, len(content), now)
            writes.commit(handled, store.exports_saved(held, after, now))
        except store.ExportsChanged:
            continue
        telemetry.metric("MembersExported")
        return
    raise Busy


def on_member_erased(event: MemberErased, handled: writes.Write, now: datetime) -> None:
    """The wish goes first, so that what is being gathered finds nobody to keep it for."""
    writes.commit(store.exports_dropped(event.member_id))
    _BUCKET.drop_under(f"{event.member_id}/")
    writes.commit(handled)


def left_of(member_id: str) -> list[str]:
    held = reads.fetch_one(store.exports_read(member_id), consistent=True)
    return ["exports"] if held or _BUCKET.keys_under(f"{member_id}/") else []


def _held(member_id: str) -> Exports:
    return reads.fetch_one(store.exports_read(member_id), consistent=True) or Exports(member_id)


def _waits(event: ExportRequested, now: datetime) -> Exports | None:
    held = _held(event.member_id)
    export = held.of(event.export_id)
    return held if export is not None and export.ready_at is None else None
