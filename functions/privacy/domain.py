"""Erasures and exports: what was asked, when it is looked at next, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal

FIRST_LOOK: Final = timedelta(hours=1)
"""After every access token that was given before has run out, so that nothing comes back after the look."""

LONGEST_WAIT: Final = timedelta(days=1)
OVERDUE: Final = timedelta(days=25)
"""Within a month the member must be told (Regulation (EU) 2016/679, article 12(3)); before that somebody has to act."""

MOST_NAMED: Final = 20


class OrdersOpen(Refusal):
    """The remedy is in the title: nobody who awaits a parcel or money can be forgotten yet."""

    code = "orders_open"
    kind = Kind.CONFLICT
    title = (
        "Orders of yours are not over: cancel those that are not shipped, and ask again once the others are "
        "completed and every refund has arrived."
    )


@dataclass(frozen=True, slots=True)
class Erasure:
    """`waiting_for`: what was left at the last look, as names of things and ids of orders."""

    member_id: str
    merchant_id: str | None
    requested_at: datetime
    looks: int = 0
    waiting_for: tuple[str, ...] = ()
    erased_at: datetime | None = None
    revision: int = 1

    def next_look(self, now: datetime) -> datetime | None:
        """Less and less often; never again once it is done."""
        if self.erased_at is not None:
            return None
        return now + min(FIRST_LOOK * (1 << min(self.looks, 10)), LONGEST_WAIT)

    def looked(self, left: list[str], now: datetime) -> "Erasure":
        """After a look that found this left."""
        return replace(
            self,
            looks=self.looks + 1,
            waiting_for=tuple(left[:MOST_NAMED]),
            erased_at=None if left else now,
        )

    def overdue(self, now: datetime) -> bool:
        return self.erased_at is None and now - self.requested_at > OVERDUE


MOST_EXPORTS: Final = 3  # within DAY
DAY: Final = timedelta(days=1)
EXPORT_KEPT: Final = timedelta(days=1)
"""How long an export can be fetched: what the bucket's own rule drops by then."""

LINK_LIFE: Final = timedelta(minutes=10)
GIVEN_UP: Final = timedelta(minutes=30)
"""After so long an export that is not ready will not be: its message is a dead letter by then."""


class TooManyExports(Refusal):
    code = "too_many_exports"
    kind = Kind.THROTTLED
    title = f"At most {MOST_EXPORTS} exports a day; the last one can still be fetched."


@dataclass(frozen=True, slots=True)
class Export:
    """One export; `bytes` once it is ready."""

    export_id: str
    requested_at: datetime
    ready_at: datetime | None = None
    bytes: int = 0

    def status(self, now: datetime) -> str:
        """ "queued", "ready", "failed", or "expired"."""
        if self.ready_at is not None:
            return "ready" if now < self.ready_at + EXPORT_KEPT else "expired"
        return "queued" if now < self.requested_at + GIVEN_UP else "failed"


@dataclass(frozen=True, slots=True)
class Exports:
    """A member's exports of the last days, the newest last."""

    member_id: str
    exports: tuple[Export, ...] = ()
    revision: int = 0

    def of(self, export_id: str) -> Export | None:
        return next((each for each in self.exports if each.export_id == export_id), None)

    def running(self, now: datetime) -> Export | None:
        return next((each for each in self.exports if each.status(now) == "queued"), None)

    def with_one(self, export_id: str, now: datetime) -> "Exports":
        """With a new one in place of those that have expired.

        Raises: TooManyExports.
        """
        counted = [each for each in self.exports if now < each.requested_at + DAY]
        if len(counted) >= MOST_EXPORTS:
            waits = counted[0].requested_at + DAY - now
            raise TooManyExports(retry_after_seconds=int(waits.total_seconds()) + 1)
        kept = [each for each in self.exports if each.status(now) in ("queued", "ready")]
        return replace(self, exports=(*kept, *(c for c in counted if c not in kept), Export(export_id, now)))

    def ready(self, export_id: str, size: int, now: datetime) -> "Exports":
        done = (
            replace(each, ready_at=now, bytes=size) if each.export_id == export_id else each
            for each in self.exports
        )
        return replace(self, exports=tuple(done))


def object_key(member_id: str, export_id: str) -> str:
    return f"{member_id}/{export_id}.json"


def without(value: Mapping[str, object], *names: str) -> dict[str, object]:
    """What is told of something, without these."""
    return {name: each for name, each in value.items() if name not in names}
