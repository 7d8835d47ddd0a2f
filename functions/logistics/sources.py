"""What the gateways of the sources of scans have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from entrepot.kernel.refusals import Malformed
from functions.logistics.domain.carriers import BadTrackingNumber, tracking_number
from functions.logistics.domain.shipment import Report


@dataclass(frozen=True, slots=True)
class Source:
    """Who tells us of scans.

    header: the one that carries the signature, in lower case. secret: its key in the stage's secret.
    is_signed: takes the raw body, the signature and the secret. report: what a body tells, None where it is
    not about a parcel's scans; raises Malformed.
    """

    name: str
    header: str
    secret: str
    is_signed: Callable[[bytes, str, str], bool]
    report: Callable[[bytes], Report | None]


def scan_time(text: str | None, field: str) -> datetime | None:
    """When a scan happened, None where the source does not say. A time without an offset is taken as UTC.

    Raises: Malformed: the text is no time.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Malformed("A scan's time is no ISO 8601 time.", field=field) from None


def number(text: str, field: str) -> str:
    """Raises: Malformed: the text is no tracking number."""
    try:
        return tracking_number(text)
    except BadTrackingNumber as refusal:
        raise Malformed(refusal.detail, field=field) from None


def place(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)
