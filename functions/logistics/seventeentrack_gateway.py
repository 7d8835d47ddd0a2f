"""17TRACK v2: signed webhooks and its words for what happened.

Source: 17TRACK's documentation of its tracking API, version 2 (9 states with 30 sub-states).
"""

import hashlib
import hmac
from typing import Final

import msgspec

from entrepot.cloud import wire
from functions.logistics import sources
from functions.logistics.domain.shipment import Report, Scan, Status, scan_of

_NAME: Final = "17track"

STATES: Final = {
    "NotFound": Status.REGISTERED,
    "InfoReceived": Status.REGISTERED,
    "InTransit": Status.IN_TRANSIT,
    "Expired": Status.EXPIRED,
    "AvailableForPickup": Status.AVAILABLE_FOR_PICKUP,
    "OutForDelivery": Status.OUT_FOR_DELIVERY,
    "DeliveryFailure": Status.ATTEMPT_FAILED,
    "Delivered": Status.DELIVERED,
    "Exception": Status.EXCEPTION,
}
# Where a sub-state tells more than its state.
SUB_STATES: Final = {
    "NotFound_InvalidCode": Status.EXCEPTION,
    "InTransit_CustomsProcessing": Status.CUSTOMS,
    "InTransit_CustomsRequiringInformation": Status.CUSTOMS,
    "InTransit_CustomsReleased": Status.IN_TRANSIT,
    "Exception_Returned": Status.RETURNED,
}
# The stage stands on events that bear no sub-state.
STAGES: Final = {
    "InfoReceived": Status.REGISTERED,
    "PickedUp": Status.IN_TRANSIT,
    "Departure": Status.IN_TRANSIT,
    "Arrival": Status.IN_TRANSIT,
    "AvailableForPickup": Status.AVAILABLE_FOR_PICKUP,
    "OutForDelivery": Status.OUT_FOR_DELIVERY,
    "Delivered": Status.DELIVERED,
    "Returning": Status.EXCEPTION,
    "Returned": Status.RETURNED,
}


class _Event(msgspec.Struct):
    time_utc: str | None = None
    time_iso: str | None = None
    description: str | None = None
    location: str | None = None
    stage: str | None = None
    sub_status: str | None = None


class _Provider(msgspec.Struct):
    events: list[_Event] | None = None


class _Tracking(msgspec.Struct):
    providers: list[_Provider] | None = None


class _LatestStatus(msgspec.Struct):
    status: str | None = None
    sub_status: str | None = None


class _TrackInfo(msgspec.Struct):
    latest_status: _LatestStatus | None = None
    latest_event: _Event | None = None
    tracking: _Tracking | None = None


class _Data(msgspec.Struct):
    number: str
    carrier: int | str | None = None
    track_info: _TrackInfo | None = None


class _Webhook(msgspec.Struct):
    event: str
    data: msgspec.Raw = msgspec.Raw()


_WEBHOOK: Final = msgspec.json.Decoder(_Webhook)
_DATA: Final = msgspec.json.Decoder(_Data)


def is_signed(raw: bytes, signature: str, secret: str) -> bool:
    """Hex of SHA-256 over the raw body, a slash and the key: not an HMAC."""
    expected = hashlib.sha256(raw + b"/" + secret.encode()).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def report(raw: bytes) -> Report | None:
    """The events of all providers of a number. Raises: Malformed."""
    webhook = wire.decoded(raw, _WEBHOOK)
    if webhook.event != "TRACKING_UPDATED":
        return None
    data = wire.decoded(bytes(webhook.data), _DATA)
    scans = [_scan(event) for event in _events(data.track_info)]
    return Report(
        _NAME,
        str(data.carrier) if data.carrier else None,
        sources.number(data.number, "data.number"),
        tuple(scan for scan in scans if scan is not None),
    )


def status(sub_status: str | None, stage: str | None) -> Status:
    """Our word for theirs; one we do not know is a sign of life, and its message is kept."""
    word = sub_status or ""
    known = SUB_STATES.get(word) or STATES.get(word.partition("_")[0]) or STAGES.get(stage or "")
    return known or Status.IN_TRANSIT


def _events(info: _TrackInfo | None) -> list[_Event]:
    """Every event once. The latest stands among the others as well; alone, it has its status beside it."""
    if info is None:
        return []
    providers = (info.tracking and info.tracking.providers) or []
    events = [event for provider in providers for event in provider.events or ()]
    latest = info.latest_event
    if latest is None or latest in events:
        return events
    if not latest.sub_status and info.latest_status is not None:
        latest.sub_status = info.latest_status.sub_status or info.latest_status.status
    return [*events, latest]


def _scan(event: _Event) -> Scan | None:
    time = sources.scan_time(
        event.time_utc or event.time_iso, "data.track_info.tracking.providers.events.time_utc"
    )
    if time is None:
        return None
    return scan_of(time, status(event.sub_status, event.stage), event.description or "", event.location or "")


SOURCE: Final = sources.Source(_NAME, "sign", "seventeentrack_key", is_signed, report)
