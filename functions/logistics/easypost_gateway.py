"""EasyPost: signed webhooks of trackers and its words for what happened.

Source: EasyPost's documentation of webhooks and trackers.
"""

import hashlib
import hmac
import unicodedata
from typing import Final

import msgspec

from entrepot.cloud import wire
from functions.logistics import sources
from functions.logistics.domain.shipment import Report, Scan, Status, scan_of

_NAME: Final = "easypost"

STATUSES: Final = {
    "unknown": Status.REGISTERED,
    "pre_transit": Status.REGISTERED,
    "in_transit": Status.IN_TRANSIT,
    "out_for_delivery": Status.OUT_FOR_DELIVERY,
    "delivered": Status.DELIVERED,
    "available_for_pickup": Status.AVAILABLE_FOR_PICKUP,
    "return_to_sender": Status.RETURNED,
    "failure": Status.EXCEPTION,
    "cancelled": Status.EXCEPTION,
    "error": Status.EXCEPTION,
}
# Where a detail tells more than its status.
DETAILS: Final = {"expired": Status.EXPIRED}


class _Location(msgspec.Struct):
    city: str | None = None
    state: str | None = None
    country: str | None = None


class _Detail(msgspec.Struct):
    datetime: str | None = None
    status: str | None = None
    status_detail: str | None = None
    message: str | None = None
    tracking_location: _Location | None = None


class _Tracker(msgspec.Struct):
    tracking_code: str
    carrier: str | None = None
    tracking_details: list[_Detail] | None = None


class _Event(msgspec.Struct):
    description: str
    result: msgspec.Raw = msgspec.Raw()


_EVENT: Final = msgspec.json.Decoder(_Event)
_TRACKER: Final = msgspec.json.Decoder(_Tracker)


def is_signed(raw: bytes, signature: str, secret: str) -> bool:
    """`hmac-sha256-hex=` and the hex of HMAC-SHA256 over the raw body, the secret in normal form NFKD."""
    key = unicodedata.normalize("NFKD", secret).encode()
    expected = "hmac-sha256-hex=" + hmac.new(key, raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def report(raw: bytes) -> Report | None:
    """The details of a tracker. Raises: Malformed."""
    event = wire.decoded(raw, _EVENT)
    if not event.description.startswith("tracker."):
        return None
    tracker = wire.decoded(bytes(event.result), _TRACKER)
    scans = [_scan(detail) for detail in tracker.tracking_details or ()]
    return Report(
        _NAME,
        tracker.carrier,
        sources.number(tracker.tracking_code, "result.tracking_code"),
        tuple(scan for scan in scans if scan is not None),
    )


def status(word: str | None, detail: str | None = None) -> Status:
    """Our word for theirs; one we do not know is a sign of life, and its message is kept."""
    return DETAILS.get(detail or "") or STATUSES.get(word or "", Status.IN_TRANSIT)


def _scan(detail: _Detail) -> Scan | None:
    time = sources.scan_time(detail.datetime, "result.tracking_details.datetime")
    if time is None:
        return None
    at = detail.tracking_location or _Location()
    return scan_of(
        time,
        status(detail.status, detail.status_detail),
        detail.message or "",
        sources.place(at.city, at.state, at.country),
    )


SOURCE: Final = sources.Source(_NAME, "x-hmac-signature", "easypost_secret", is_signed, report)
