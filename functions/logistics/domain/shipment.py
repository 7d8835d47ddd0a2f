"""A shipment and its scans: in whatever order they arrive, and however often, the end is the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from functions.logistics.domain.promise import Promise

FUTURE_TOLERANCE: Final = timedelta(hours=24)
# A parcel may be scanned before its merchant tells us of it; no carrier reuses a number within a week.
SCANNED_BEFORE_REGISTRATION: Final = timedelta(days=7)
# After this long a number belongs to somebody else's parcel.
FOLLOWED_FOR: Final = timedelta(days=180)
MAX_SCANS: Final = 200
_MAX_MESSAGE: Final = 300
_MAX_PLACE: Final = 100


class Status(Enum):
    """Where a shipment is; for scans of one second, the later in this list is the later in fact."""

    REGISTERED = "registered"
    IN_TRANSIT = "in_transit"
    CUSTOMS = "customs"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPT_FAILED = "attempt_failed"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    EXCEPTION = "exception"
    EXPIRED = "expired"
    DELIVERED = "delivered"
    RETURNED = "returned"


_RANK: Final = {status: rank for rank, status in enumerate(Status)}
# A parcel sent back often ends with a delivery, to its sender: the return outweighs it, whichever came first.
_FINAL: Final = (Status.RETURNED, Status.DELIVERED)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a carrier says happened, at the scan's own time in whole seconds of UTC.

    In one shipment a scan is known by its time and status; message and place are the carrier's words.
    """

    time: datetime
    status: Status
    message: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a source tells of a tracking number. `carrier` is the source's word, None where it has none."""

    source: str
    carrier: str | None
    number: str
    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel of one order under one tracking number; scans stand in order of time.

    `kept_until`: once its consignee is forgotten, the last day on which the rest is kept.
    """

    shipment_id: str
    order_id: str
    merchant_id: str
    carrier: str
    tracking_number: str
    lines: tuple[tuple[str, int], ...]
    promise: Promise | None
    registered_at: datetime
    status: Status = Status.REGISTERED
    scans: tuple[Scan, ...] = ()
    revision: int = 0
    kept_until: date | None = None

    @property
    def forgotten(self) -> bool:
        return self.kept_until is not None


def scan_of(time: datetime, status: Status, message: str, place: str) -> Scan:
    """A scan with its time cut to whole seconds and its texts to what is kept."""
    return Scan(time.replace(microsecond=0), status, _tidy(message, _MAX_MESSAGE), _tidy(place, _MAX_PLACE))


def status_of(scans: Sequence[Scan]) -> Status:
    """The status that a set of scans amounts to.

    Returned and delivered are final. Otherwise the latest scan decides, rank among scans of one second; a
    scan that says no more than that the parcel is announced never undoes one that saw it move.
    """
    decisive = decisive_scan(scans)
    return decisive.status if decisive else Status.REGISTERED


def decisive_scan(scans: Sequence[Scan]) -> Scan | None:
    """The scan from which the status comes."""
    ordered = sorted(scans, key=_by_time)
    for final in _FINAL:
        for scan in ordered:
            if scan.status is final:
                return scan
    moved = [scan for scan in ordered if scan.status is not Status.REGISTERED]
    known = moved or ordered
    return known[-1] if known else None


def with_scans(shipment: Shipment, scans: Iterable[Scan]) -> Shipment:
    """`shipment` after `scans`; the very same value if they say nothing new.

    Of two scans with the same time and status one is kept, the same in whatever order they arrive. Of more
    than MAX_SCANS the oldest go, final ones last.
    """
    known = {(scan.time, scan.status): scan for scan in shipment.scans}
    for scan in map(_wordless, scans) if shipment.forgotten else scans:
        key = (scan.time, scan.status)
        known[key] = max(known.get(key, scan), scan, key=_by_text)
    kept = sorted(known.values(), key=lambda scan: (scan.status in _FINAL, _by_time(scan)))[-MAX_SCANS:]
    merged = tuple(sorted(kept, key=_by_time))
    if merged == shipment.scans:
        return shipment
    return replace(shipment, scans=merged, status=status_of(merged), revision=shipment.revision + 1)


def forgotten(shipment: Shipment, until: date) -> Shipment:
    """The shipment without the carrier's words, which name places and people. Times and statuses stay."""
    scans = tuple(map(_wordless, shipment.scans))
    return replace(shipment, scans=scans, kept_until=until, revision=shipment.revision + 1)


def owner_of(scan: Scan, registrations: Iterable[tuple[datetime, str]]) -> str | None:
    """Which of the shipments that bore a tracking number a scan belongs to.

    Args: registrations: when each was registered, and its id.
    Returns: the newest that could have been scanned at that time, if any: numbers are given out again.
    """
    for registered_at, shipment_id in sorted(registrations, reverse=True):
        begins = registered_at - SCANNED_BEFORE_REGISTRATION
        if begins <= scan.time <= registered_at + FOLLOWED_FOR:
            return shipment_id
    return None


def is_credible(scan: Scan, now: datetime) -> bool:
    """False for a scan from so far in the future that a clock or a zone must be wrong."""
    return scan.time <= now + FUTURE_TOLERANCE


def _by_time(scan: Scan) -> tuple[datetime, int]:
    return scan.time, _RANK[scan.status]


def _by_text(scan: Scan) -> tuple[str, str]:
    return scan.message, scan.place


def _wordless(scan: Scan) -> Scan:
    return replace(scan, message="", place="")


def _tidy(text: str, limit: int) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * limit])
    return " ".join(printable.split())[:limit]
