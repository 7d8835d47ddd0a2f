"""Webhooks as AfterShip, EasyPost and 17TRACK send them: bodies from scans, and the signatures over them.

All of it is pure. A body carries the whole history of a parcel so far, as the real ones do; the latest scan
by its own time gives the parcel's status. A scan's status is our word (`registered`, `in_transit`, ...) or
one of the source's own.

Sources: AfterShip's webhook specification and sub-statuses; EasyPost's webhook and tracker objects; 17TRACK's
API version 2.4.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a source tracks; `carrier` is our code (`dhl_express`) or the source's own."""

    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One line of a parcel's history; `place` is `City, CC` or a country's code or free text."""

    time: datetime
    status: str
    message: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A webhook ready to be posted: the exact bytes and the headers that vouch for them."""

    body: bytes
    headers: dict[str, str]


# Our carriers in the words of each source.
CARRIERS: Final[dict[str, dict[str, str]]] = {
    "dhl_express": {"aftership": "dhl", "easypost": "DHLExpress", "17track": "100001"},
    "ups": {"aftership": "ups", "easypost": "UPS", "17track": "100002"},
    "fedex": {"aftership": "fedex", "easypost": "FedEx", "17track": "100003"},
    "yunexpress": {"aftership": "yunexpress", "easypost": "YunExpress", "17track": "190008"},
}
# Our status → tag, subtag.
AFTERSHIP: Final = {
    "registered": ("InfoReceived", "InfoReceived_001"),
    "in_transit": ("InTransit", "InTransit_001"),
    "customs": ("InTransit", "InTransit_006"),
    "out_for_delivery": ("OutForDelivery", "OutForDelivery_001"),
    "available_for_pickup": ("AvailableForPickup", "AvailableForPickup_001"),
    "attempt_failed": ("AttemptFail", "AttemptFail_001"),
    "delivered": ("Delivered", "Delivered_001"),
    "exception": ("Exception", "Exception_001"),
    "returned": ("Exception", "Exception_011"),
    "expired": ("Expired", "Expired_001"),
}
# Our status → sub-status; the status is the word before the underscore.
SEVENTEENTRACK: Final = {
    "registered": "InfoReceived",
    "in_transit": "InTransit_Other",
    "customs": "InTransit_CustomsProcessing",
    "out_for_delivery": "OutForDelivery_Other",
    "available_for_pickup": "AvailableForPickup_Other",
    "attempt_failed": "DeliveryFailure_Other",
    "delivered": "Delivered_Other",
    "exception": "Exception_Other",
    "returned": "Exception_Returned",
    "expired": "Expired_Other",
}
_STAGES: Final = {
    "InfoReceived": "InfoReceived",
    "InTransit_PickedUp": "PickedUp",
    "InTransit_Departure": "Departure",
    "InTransit_Arrival": "Arrival",
    "AvailableForPickup_Other": "AvailableForPickup",
    "OutForDelivery_Other": "OutForDelivery",
    "Delivered_Other": "Delivered",
    "Exception_Returning": "Returning",
    "Exception_Returned": "Returned",
}
# Our status → status, status_detail. EasyPost has no word for customs, nor for an attempt that failed.
EASYPOST: Final = {
    "registered": ("pre_transit", "label_created"),
    "in_transit": ("in_transit", "in_transit"),
    "customs": ("in_transit", "status_update"),
    "out_for_delivery": ("out_for_delivery", "out_for_delivery"),
    "available_for_pickup": ("available_for_pickup", "arrived_at_pickup_location"),
    "attempt_failed": ("failure", "delivery_exception"),
    "delivered": ("delivered", "arrived_at_destination"),
    "exception": ("failure", "transit_exception"),
    "returned": ("return_to_sender", "return"),
    "expired": ("unknown", "expired"),
}
# ISO 3166-1 alpha-3 of the countries that the demo's parcels pass.
_ISO3: Final = {
    "AU": "AUS", "BE": "BEL", "CN": "CHN", "DE": "DEU", "ES": "ESP", "FR": "FRA", "GB": "GBR", "HK": "HKG",
    "IT": "ITA", "JP": "JPN", "NL": "NLD", "PL": "POL", "US": "USA",
}  # fmt: skip


def aftership(parcel: Parcel, scans: Sequence[Scan], sent_at: datetime, event_id: str = "") -> bytes:
    """The body of `tracking_update`."""
    tag, subtag = _aftership_words(_latest(scans).status)
    checkpoints = [_checkpoint(parcel, scan) for scan in scans]
    identifier = _stable("aftership", parcel)
    message: Json = {
        "id": identifier,
        "tracking_number": parcel.tracking_number,
        "slug": carrier_word("aftership", parcel.carrier),
        "active": tag not in ("Delivered", "Expired"),
        "tag": tag,
        "subtag": subtag,
        "title": parcel.tracking_number,
        "checkpoints": checkpoints,
        "tracked_count": len(checkpoints),
        "updated_at": _offset_time(sent_at),
    }
    return _encoded(
        {
            "event_id": event_id or str(uuid.uuid4()),
            "event": "tracking_update",
            "is_tracking_first_tag": True,
            "msg": message,
            "ts": int(sent_at.timestamp()),
        }
    )


def easypost(parcel: Parcel, scans: Sequence[Scan], sent_at: datetime, event_id: str = "") -> bytes:
    """The body of `tracker.updated`."""
    latest = _latest(scans)
    status, detail = _easypost_words(latest.status)
    code = carrier_word("easypost", parcel.carrier)
    tracker: Json = {
        "id": f"trk_{_stable('easypost', parcel)}",
        "object": "Tracker",
        "mode": "test",
        "tracking_code": parcel.tracking_number,
        "status": status,
        "status_detail": detail,
        "created_at": _utc_time(min(scan.time for scan in scans)),
        "updated_at": _utc_time(sent_at),
        "signed_by": None,
        "weight": None,
        "est_delivery_date": None,
        "shipment_id": None,
        "carrier": code,
        "tracking_details": [_detail(scan, code) for scan in scans],
        "fees": [],
    }
    return _encoded(
        {
            "id": f"evt_{event_id or uuid.uuid4().hex}",
            "object": "Event",
            "mode": "test",
            "description": "tracker.updated",
            "previous_attributes": {
                "status": _easypost_words(scans[-2].status)[0] if len(scans) > 1 else "unknown"
            },
            "created_at": _utc_time(sent_at),
            "updated_at": _utc_time(sent_at),
            "pending_urls": [],
            "completed_urls": [],
            "result": tracker,
        }
    )


def seventeentrack(parcel: Parcel, scans: Sequence[Scan], sent_at: datetime, event_id: str = "") -> bytes:
    """The body of `TRACKING_UPDATED`; 17TRACK lists events newest first and gives its webhooks no id."""
    latest = _latest(scans)
    sub_status = SEVENTEENTRACK.get(latest.status, latest.status)
    code = carrier_word("17track", parcel.carrier)
    number = int(code) if code.isdigit() else 0
    events = [_event(scan) for scan in reversed(scans)]
    info: Json = {
        "latest_status": {
            "status": sub_status.partition("_")[0],
            "sub_status": sub_status,
            "sub_status_descr": None,
        },
        "latest_event": _event(latest),
        "tracking": {
            "providers_hash": int(_stable("17track", parcel)[:8], 16),
            "providers": [
                {
                    "provider": {"key": number, "name": parcel.carrier, "country": None},
                    "latest_sync_status": "Success",
                    "latest_sync_time": _utc_time(sent_at),
                    "events": events,
                }
            ],
        },
    }
    data: Json = {
        "number": parcel.tracking_number,
        "carrier": number,
        "param": None,
        "tag": "",
        "track_info": info,
    }
    return _encoded({"event": "TRACKING_UPDATED", "data": data})


BODIES: Final[dict[str, Callable[[Parcel, Sequence[Scan], datetime, str], bytes]]] = {
    "aftership": aftership,
    "easypost": easypost,
    "17track": seventeentrack,
}
SOURCES: Final = tuple(BODIES)


def signature(source: str, body: bytes, secret: str) -> tuple[str, str]:
    """The name and value of the header that signs these bytes."""
    if source == "aftership":
        digest = hmac.digest(secret.encode(), body, hashlib.sha256)
        return "aftership-hmac-sha256", base64.b64encode(digest).decode()
    if source == "easypost":
        key = unicodedata.normalize("NFKD", secret).encode()
        return "X-Hmac-Signature", f"hmac-sha256-hex={hmac.digest(key, body, hashlib.sha256).hex()}"
    if source == "17track":
        return "sign", hashlib.sha256(body + b"/" + secret.encode()).hexdigest()
    raise ValueError(f"unknown source {source!r}")


def webhook(
    source: str, parcel: Parcel, scans: Sequence[Scan], secret: str, sent_at: datetime, event_id: str = ""
) -> Signed:
    """A signed webhook that tells these scans, in the order given.

    Args: scans: at least one; event_id: made up when empty. Raises: ValueError: an unknown source, or no
    scan.
    """
    if source not in BODIES:
        raise ValueError(f"unknown source {source!r}")
    if not scans:
        raise ValueError("a webhook tells at least one scan")
    body = BODIES[source](parcel, scans, sent_at, event_id)
    name, value = signature(source, body, secret)
    return Signed(body, {"Content-Type": "application/json", name: value})


def carrier_word(source: str, carrier: str) -> str:
    """Our carrier's code in the source's words; a code that is not ours is taken as the source's own."""
    return CARRIERS.get(carrier, {}).get(source, carrier)


def _latest(scans: Sequence[Scan]) -> Scan:
    return max(scans, key=lambda scan: scan.time)


def _aftership_words(status: str) -> tuple[str, str]:
    return AFTERSHIP.get(status, (status.partition("_")[0], status))


def _easypost_words(status: str) -> tuple[str, str]:
    return EASYPOST.get(status, (status, "status_update"))


def _checkpoint(parcel: Parcel, scan: Scan) -> Json:
    tag, subtag = _aftership_words(scan.status)
    city, country = _city_and_country(scan.place)
    return {
        "slug": carrier_word("aftership", parcel.carrier),
        "checkpoint_time": _offset_time(scan.time),
        "created_at": _offset_time(scan.time),
        "message": scan.message,
        "tag": tag,
        "subtag": subtag,
        "raw_tag": None,
        "city": city,
        "state": None,
        "zip": None,
        "country_iso3": _ISO3.get(country or ""),
        "country_name": country,
        "coordinates": [],
        "location": city if country in _ISO3 else scan.place or None,
    }


def _detail(scan: Scan, carrier: str) -> Json:
    status, detail = _easypost_words(scan.status)
    city, country = _city_and_country(scan.place)
    return {
        "object": "TrackingDetail",
        "message": scan.message,
        "description": None,
        "status": status,
        "status_detail": detail,
        "datetime": _utc_time(scan.time),
        "source": carrier,
        "carrier_code": None,
        "tracking_location": {
            "object": "TrackingLocation",
            "city": city,
            "state": None,
            "country": country,
            "zip": None,
        },
    }


def _event(scan: Scan) -> Json:
    sub_status = SEVENTEENTRACK.get(scan.status, scan.status)
    city, country = _city_and_country(scan.place)
    return {
        "time_iso": _offset_time(scan.time),
        "time_utc": _utc_time(scan.time),
        "time_raw": {"date": f"{scan.time:%Y-%m-%d}", "time": f"{scan.time:%H:%M:%S}", "timezone": None},
        "description": scan.message,
        "location": scan.place or None,
        "stage": _STAGES.get(sub_status),
        "sub_status": sub_status,
        "address": {
            "country": country,
            "state": None,
            "city": city,
            "street": None,
            "postal_code": None,
            "coordinates": {"longitude": None, "latitude": None},
        },
    }


def _city_and_country(place: str) -> tuple[str | None, str | None]:
    city, _, country = place.rpartition(",")
    country = country.strip()
    if len(country) == 2 and country.isupper():
        return city.strip() or None, country
    return place or None, None


def _stable(source: str, parcel: Parcel) -> str:
    """An id that stays with the parcel, as a source's tracker keeps its own."""
    text = f"{source}/{parcel.carrier}/{parcel.tracking_number}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _utc_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _offset_time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _encoded(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
