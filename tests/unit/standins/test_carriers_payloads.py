"""The carriers' webhooks: shapes and signatures, each computed again independently."""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest

from infra.local.carriers.payloads import (
    AFTERSHIP,
    EASYPOST,
    SEVENTEENTRACK,
    SOURCES,
    Parcel,
    Scan,
    signature,
    webhook,
)

PARCEL = Parcel("dhl_express", "JD014600003828111111")
NOON = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
SENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SCANS = (
    Scan(NOON, "registered", "Shipment information received", "Shenzhen, CN"),
    Scan(NOON + timedelta(hours=20), "customs", "Clearance processing", "Leipzig, DE"),
    Scan(NOON + timedelta(hours=30), "delivered", "Zugestellt – Empfänger", "Berlin, DE"),
)
STATUSES = {
    "registered", "in_transit", "customs", "out_for_delivery", "available_for_pickup", "attempt_failed",
    "delivered", "exception", "returned", "expired",
}  # fmt: skip


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """RFC 2104 written out, so that the stand-in is not measured by itself."""
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def document(source: str, scans=SCANS):
    return json.loads(webhook(source, PARCEL, scans, "secret", SENT).body)


def test_aftership_signs_in_base64():
    signed = webhook("aftership", PARCEL, SCANS, "secret", SENT)

    expected = base64.b64encode(hmac_sha256(b"secret", signed.body)).decode()
    assert expected == signed.headers["aftership-hmac-sha256"]


def test_easypost_signs_in_hex_with_the_secret_in_normal_form():
    secret = "schlüssel-①"
    signed = webhook("easypost", PARCEL, SCANS, secret, SENT)

    key = unicodedata.normalize("NFKD", secret).encode()
    assert key != secret.encode()
    assert f"hmac-sha256-hex={hmac_sha256(key, signed.body).hex()}" == signed.headers["X-Hmac-Signature"]


def test_17track_hashes_body_slash_key():
    signed = webhook("17track", PARCEL, SCANS, "secret", SENT)

    assert hashlib.sha256(signed.body + b"/secret").hexdigest() == signed.headers["sign"]


@pytest.mark.parametrize("source", SOURCES)
def test_another_byte_is_another_signature(source):
    signed = webhook(source, PARCEL, SCANS, "secret", SENT)
    name, value = signature(source, signed.body, "secret")

    assert value == signed.headers[name]
    assert value != signature(source, signed.body + b" ", "secret")[1]
    assert value != signature(source, signed.body, "secret2")[1]


def test_aftership_tells_checkpoints_in_order_and_the_latest_tag():
    told = document("aftership")

    assert ("tracking_update", int(SENT.timestamp())) == (told["event"], told["ts"])
    message = told["msg"]
    assert ("dhl", PARCEL.tracking_number) == (message["slug"], message["tracking_number"])
    assert ("Delivered", "Delivered_001") == (message["tag"], message["subtag"])
    assert [
        ("2026-11-20T12:00:05+00:00", "InfoReceived", "InfoReceived_001", "CHN", "Shenzhen"),
        ("2026-11-21T08:00:05+00:00", "InTransit", "InTransit_006", "DEU", "Leipzig"),
        ("2026-11-21T18:00:05+00:00", "Delivered", "Delivered_001", "DEU", "Berlin"),
    ] == [
        (point["checkpoint_time"], point["tag"], point["subtag"], point["country_iso3"], point["location"])
        for point in message["checkpoints"]
    ]


def test_easypost_tells_details_and_the_latest_status():
    told = document("easypost")

    assert "tracker.updated" == told["description"]
    assert {"status": "in_transit"} == told["previous_attributes"]
    tracker = told["result"]
    assert ("DHLExpress", PARCEL.tracking_number) == (tracker["carrier"], tracker["tracking_code"])
    assert ("delivered", "arrived_at_destination") == (tracker["status"], tracker["status_detail"])
    assert ["pre_transit", "in_transit", "delivered"] == [
        line["status"] for line in tracker["tracking_details"]
    ]
    last = tracker["tracking_details"][-1]
    assert ("2026-11-21T18:00:05Z", "Zugestellt – Empfänger") == (last["datetime"], last["message"])
    assert ("Berlin", "DE") == (last["tracking_location"]["city"], last["tracking_location"]["country"])


def test_17track_tells_events_newest_first():
    told = document("17track")

    data = told["data"]
    assert ("TRACKING_UPDATED", PARCEL.tracking_number, 100001) == (
        told["event"],
        data["number"],
        data["carrier"],
    )
    info = data["track_info"]
    assert ("Delivered", "Delivered_Other") == (
        info["latest_status"]["status"],
        info["latest_status"]["sub_status"],
    )
    events = info["tracking"]["providers"][0]["events"]
    assert ["Delivered_Other", "InTransit_CustomsProcessing", "InfoReceived"] == [
        event["sub_status"] for event in events
    ]
    assert events[0] == info["latest_event"]
    assert "2026-11-21T18:00:05Z" == events[0]["time_utc"]


def test_times_keep_their_offset_where_the_source_does():
    there = timezone(timedelta(hours=8))
    scan = Scan(datetime(2026, 11, 20, 20, 0, tzinfo=there), "in_transit", "Departed", "Shenzhen, CN")

    event = document("17track", [scan])["data"]["track_info"]["latest_event"]

    assert ("2026-11-20T20:00:00+08:00", "2026-11-20T12:00:00Z") == (event["time_iso"], event["time_utc"])


def test_the_status_is_that_of_the_latest_scan_however_they_are_listed():
    for source, path in (("aftership", ("msg", "tag")), ("easypost", ("result", "status"))):
        told = document(source, SCANS[::-1])
        assert "delivered" == told[path[0]][path[1]].lower()


def test_every_status_of_ours_has_a_word_at_every_source():
    assert STATUSES == set(AFTERSHIP) == set(SEVENTEENTRACK) == set(EASYPOST)


def test_a_word_of_the_source_is_taken_as_it_is():
    scan = Scan(NOON, "InTransit_CustomsReleased", "Released", "Leipzig, DE")

    info = document("17track", [scan])["data"]["track_info"]

    assert ("InTransit", "InTransit_CustomsReleased") == (
        info["latest_status"]["status"],
        info["latest_status"]["sub_status"],
    )


def test_a_parcel_keeps_its_tracker_and_each_webhook_its_own_id():
    first, second = document("easypost"), document("easypost")

    assert first["result"]["id"] == second["result"]["id"]
    assert first["id"] != second["id"]
    assert document("aftership")["event_id"] != document("aftership")["event_id"]


def test_unknown_sources_and_empty_histories_are_refused():
    with pytest.raises(ValueError, match="unknown source"):
        webhook("pigeon", PARCEL, SCANS, "secret", SENT)
    with pytest.raises(ValueError, match="at least one scan"):
        webhook("17track", PARCEL, [], "secret", SENT)
