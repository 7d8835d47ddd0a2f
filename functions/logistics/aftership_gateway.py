"""AfterShip Tracking: signed webhooks and its words for what happened.

Source: AfterShip's documentation of webhooks, delivery statuses (9 tags) and sub-statuses (subtags).
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

import msgspec

from entrepot.cloud import wire
from functions.logistics import sources
from functions.logistics.domain.shipment import Report, Scan, Status, scan_of

_NAME: Final = "aftership"

TAGS: Final = {
    "Pending": Status.REGISTERED,
    "InfoReceived": Status.REGISTERED,
    "InTransit": Status.IN_TRANSIT,
    "OutForDelivery": Status.OUT_FOR_DELIVERY,
    "AttemptFail": Status.ATTEMPT_FAILED,
    "Delivered": Status.DELIVERED,
    "AvailableForPickup": Status.AVAILABLE_FOR_PICKUP,
    "Exception": Status.EXCEPTION,
    "Expired": Status.EXPIRED,
}
# Where a subtag tells more than its tag: customs, and a parcel that is back with its sender.
SUBTAGS: Final = {
    "InTransit_006": Status.CUSTOMS,  # clearance started
    "Exception_004": Status.CUSTOMS,  # clearance delayed
    "Exception_018": Status.CUSTOMS,  # held for documents that an authority wants
    "Exception_011": Status.RETURNED,
}


class _Checkpoint(msgspec.Struct):
    checkpoint_time: str | None = None
    tag: str | None = None
    subtag: str | None = None
    message: str | None = None
    location: str | None = None
    country_iso3: str | None = None


class _Tracking(msgspec.Struct):
    tracking_number: str
    slug: str | None = None
    tag: str | None = None
    checkpoints: list[_Checkpoint] | None = None


class _Webhook(msgspec.Struct):
    event: str
    msg: msgspec.Raw = msgspec.Raw()
    ts: int | None = None


_WEBHOOK: Final = msgspec.json.Decoder(_Webhook)
_TRACKING: Final = msgspec.json.Decoder(_Tracking)


def is_signed(raw: bytes, signature: str, secret: str) -> bool:
    """Base64 of HMAC-SHA256 over the raw body."""
    expected = base64.b64encode(hmac.digest(secret.encode(), raw, hashlib.sha256))
    return hmac.compare_digest(expected, signature.encode())


def report(raw: bytes) -> Report | None:
    """The checkpoints of a tracking; that it expired comes without one, at the time of the webhook.

    Raises: Malformed.
    """
    webhook = wire.decoded(raw, _WEBHOOK)
    if webhook.event != "tracking_update":
        return None
    tracking = wire.decoded(bytes(webhook.msg), _TRACKING)
    scans = [_scan(checkpoint) for checkpoint in tracking.checkpoints or ()]
    told = any(scan is not None and scan.status is Status.EXPIRED for scan in scans)
    if tracking.tag == "Expired" and webhook.ts is not None and not told:
        scans.append(_expired(webhook.ts))
    return Report(
        _NAME,
        tracking.slug,
        sources.number(tracking.tracking_number, "msg.tracking_number"),
        tuple(scan for scan in scans if scan is not None),
    )


def status(tag: str | None, subtag: str | None) -> Status:
    """Our word for theirs; one we do not know is a sign of life, and its message is kept."""
    return SUBTAGS.get(subtag or "") or TAGS.get(tag or "", Status.IN_TRANSIT)


def _scan(checkpoint: _Checkpoint) -> Scan | None:
    time = sources.scan_time(checkpoint.checkpoint_time, "msg.checkpoints.checkpoint_time")
    if time is None:
        return None
    where = sources.place(checkpoint.location, checkpoint.country_iso3)
    return scan_of(time, status(checkpoint.tag, checkpoint.subtag), checkpoint.message or "", where)


def _expired(seconds: int) -> Scan:
    try:
        time = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise wire.InvalidRequest("The webhook's time is out of range.", field="ts") from None
    return scan_of(time, Status.EXPIRED, "", "")


SOURCE: Final = sources.Source(_NAME, "aftership-hmac-sha256", "aftership_secret", is_signed, report)
