"""Signatures and words of AfterShip, EasyPost and 17TRACK.

The signatures were computed with openssl and sha256sum, not with the code under test.
"""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.refusals import Kind, Refusal
from functions.logistics import aftership_gateway, easypost_gateway, seventeentrack_gateway, tariffs
from functions.logistics.domain.carriers import BadTrackingNumber, alias_of, tracking_number
from functions.logistics.domain.shipment import Report, Scan, Status
from functions.logistics.service import SOURCES

SIGNED = {
    "aftership": (
        b'{"event":"tracking_update","msg":{"tracking_number":"YT2612345678901234"}}',
        "5yovrHUTQwch/+aKErwkZqI1FiTpLBEU3L1n61Rbg00=",
        "aftership-secret",
    ),
    "easypost": (
        b'{"description":"tracker.updated","result":{"tracking_code":"1Z999AA10123456784"}}',
        "hmac-sha256-hex=abe8b92cea560a5a3c3e99f87afa6f4a0380f8a1e45e81283bb7a4e030fd50d3",
        "\uff53ecret-\u00c5",  # a full-width s and an A with ring: NFKD makes other bytes of both
    ),
    "17track": (
        b'{"event":"TRACKING_UPDATED","data":{"number":"RR123456789CN"}}',
        "fc7e3f6ca78157617a65bc782307788b007095feea7e5153dd94eefeaa3c30d1",
        "17track-key",
    ),
}


@pytest.mark.parametrize("source", sorted(SIGNED))
def test_a_genuine_signature_is_accepted_and_no_other(source):
    raw, signature, secret = SIGNED[source]
    is_signed = SOURCES[source].is_signed

    assert is_signed(raw, signature, secret)
    assert not is_signed(raw + b" ", signature, secret)
    assert not is_signed(raw, signature, secret + "x")
    assert not is_signed(raw, signature[:-1], secret)
    assert not is_signed(raw, "", secret)
    assert not is_signed(raw, "ü", secret)


def test_every_source_names_its_header_in_lower_case():
    assert {
        "aftership": ("aftership-hmac-sha256", "aftership_secret"),
        "easypost": ("x-hmac-signature", "easypost_secret"),
        "17track": ("sign", "seventeentrack_key"),
    } == {name: (source.header, source.secret) for name, source in SOURCES.items()}


def test_aftership_checkpoints_become_scans():
    raw = {
        "event_id": "0b9e8f7a-5f1c-4a43-9ce0-3f1a2b7c8d9e",
        "event": "tracking_update",
        "msg": {
            "tracking_number": "YT26 1234-5678 901234",
            "slug": "yunexpress",
            "tag": "InTransit",
            "checkpoints": [
                {
                    "checkpoint_time": "2026-11-23T09:30:00+08:00",
                    "tag": "InTransit",
                    "message": "Departed",
                    "country_iso3": "CHN",
                    "location": "Shenzhen",
                },
                {"checkpoint_time": "2026-11-25T02:00:00", "tag": "InTransit", "subtag": "InTransit_006"},
                {"checkpoint_time": None, "tag": "InTransit"},
            ],
        },
        "ts": 1795500000,
    }

    assert Report(
        "aftership",
        "yunexpress",
        "YT261234567890 1234".replace(" ", ""),
        (
            Scan(datetime(2026, 11, 23, 1, 30, tzinfo=UTC), Status.IN_TRANSIT, "Departed", "Shenzhen, CHN"),
            Scan(datetime(2026, 11, 25, 2, tzinfo=UTC), Status.CUSTOMS),
        ),
    ) == aftership_gateway.report(json.dumps(raw).encode())


def test_aftership_tells_of_expiry_without_a_checkpoint():
    msg = b'{"tracking_number":"YT2612345678901234","tag":"Expired"}'
    raw = b'{"event":"tracking_update","msg":' + msg + b',"ts":1795500000}'

    report = aftership_gateway.report(raw)

    assert report is not None
    assert (Scan(datetime.fromtimestamp(1795500000, UTC), Status.EXPIRED),) == report.scans


def test_seventeentrack_events_of_all_providers_become_scans_once():
    latest = {
        "time_utc": "2026-11-26T12:00:00Z",
        "description": "Import customs clearance",
        "location": "Frankfurt",
        "sub_status": "InTransit_CustomsProcessing",
    }
    raw = {
        "event": "TRACKING_UPDATED",
        "data": {
            "number": "YT2612345678901234",
            "carrier": 190008,
            "track_info": {
                "latest_status": {"status": "InTransit", "sub_status": "InTransit_CustomsProcessing"},
                "latest_event": latest,
                "tracking": {
                    "providers": [
                        {"events": [latest, {"time_iso": "2026-11-24T08:00:00+08:00", "stage": "PickedUp"}]},
                        {"events": None},
                    ]
                },
            },
        },
    }

    assert Report(
        "17track",
        "190008",
        "YT2612345678901234",
        (
            Scan(
                datetime(2026, 11, 26, 12, tzinfo=UTC),
                Status.CUSTOMS,
                "Import customs clearance",
                "Frankfurt",
            ),
            Scan(datetime(2026, 11, 24, tzinfo=UTC), Status.IN_TRANSIT),
        ),
    ) == seventeentrack_gateway.report(json.dumps(raw).encode())


def test_seventeentrack_latest_event_alone_takes_the_latest_status():
    raw = {
        "event": "TRACKING_UPDATED",
        "data": {
            "number": "YT2612345678901234",
            "track_info": {
                "latest_status": {"status": "Delivered", "sub_status": "Delivered_Other"},
                "latest_event": {"time_utc": "2026-11-26T12:00:00Z"},
            },
        },
    }

    report = seventeentrack_gateway.report(json.dumps(raw).encode())

    assert report is not None
    assert [Status.DELIVERED] == [scan.status for scan in report.scans]
    assert report.carrier is None


def test_easypost_details_become_scans():
    raw = {
        "id": "evt_1",
        "description": "tracker.updated",
        "result": {
            "id": "trk_1",
            "tracking_code": "1Z999AA10123456784",
            "carrier": "UPS",
            "status": "out_for_delivery",
            "tracking_details": [
                {
                    "datetime": "2026-11-26T07:10:00Z",
                    "status": "out_for_delivery",
                    "message": "Out for delivery",
                    "tracking_location": {"city": "Berlin", "country": "DE", "zip": "10115"},
                },
                {"datetime": "2026-11-25T20:00:00Z", "status": "in_transit", "tracking_location": None},
            ],
        },
    }

    assert Report(
        "easypost",
        "UPS",
        "1Z999AA10123456784",
        (
            Scan(
                datetime(2026, 11, 26, 7, 10, tzinfo=UTC),
                Status.OUT_FOR_DELIVERY,
                "Out for delivery",
                "Berlin, DE",
            ),
            Scan(datetime(2026, 11, 25, 20, tzinfo=UTC), Status.IN_TRANSIT),
        ),
    ) == easypost_gateway.report(json.dumps(raw).encode())


@pytest.mark.parametrize(
    ("expected", "sub_status"),
    [
        ("registered", "NotFound_Other"),
        ("exception", "NotFound_InvalidCode"),
        ("registered", "InfoReceived"),
        ("in_transit", "InTransit_PickedUp"),
        ("in_transit", "InTransit_Other"),
        ("in_transit", "InTransit_Departure"),
        ("in_transit", "InTransit_Arrival"),
        ("customs", "InTransit_CustomsProcessing"),
        ("in_transit", "InTransit_CustomsReleased"),
        ("customs", "InTransit_CustomsRequiringInformation"),
        ("expired", "Expired_Other"),
        ("available_for_pickup", "AvailableForPickup_Other"),
        ("out_for_delivery", "OutForDelivery_Other"),
        ("attempt_failed", "DeliveryFailure_Other"),
        ("attempt_failed", "DeliveryFailure_NoBody"),
        ("attempt_failed", "DeliveryFailure_Security"),
        ("attempt_failed", "DeliveryFailure_Rejected"),
        ("attempt_failed", "DeliveryFailure_InvalidAddress"),
        ("delivered", "Delivered_Other"),
        ("exception", "Exception_Other"),
        ("exception", "Exception_Returning"),
        ("returned", "Exception_Returned"),
        ("exception", "Exception_NoBody"),
        ("exception", "Exception_Security"),
        ("exception", "Exception_Damage"),
        ("exception", "Exception_Rejected"),
        ("exception", "Exception_Delayed"),
        ("exception", "Exception_Lost"),
        ("exception", "Exception_Destroyed"),
        ("exception", "Exception_Cancel"),
        ("delivered", "Delivered_SomethingNew"),
        ("in_transit", "Teleported"),
    ],
)
def test_the_thirty_sub_states_of_17track_have_a_status(expected, sub_status):
    assert expected == seventeentrack_gateway.status(sub_status, None).value


@pytest.mark.parametrize(
    ("expected", "tag", "subtag"),
    [
        ("registered", "Pending", None),
        ("registered", "InfoReceived", None),
        ("in_transit", "InTransit", None),
        ("customs", "InTransit", "InTransit_006"),
        ("in_transit", "InTransit", "InTransit_005"),
        ("out_for_delivery", "OutForDelivery", None),
        ("attempt_failed", "AttemptFail", None),
        ("delivered", "Delivered", "Delivered_003"),
        ("available_for_pickup", "AvailableForPickup", None),
        ("exception", "Exception", "Exception_010"),
        ("customs", "Exception", "Exception_004"),
        ("returned", "Exception", "Exception_011"),
        ("expired", "Expired", None),
        ("in_transit", "Teleported", None),
        ("in_transit", None, None),
    ],
)
def test_the_nine_tags_of_aftership_have_a_status(expected, tag, subtag):
    assert expected == aftership_gateway.status(tag, subtag).value


@pytest.mark.parametrize(
    ("expected", "word"),
    [
        ("registered", "unknown"),
        ("registered", "pre_transit"),
        ("in_transit", "in_transit"),
        ("out_for_delivery", "out_for_delivery"),
        ("delivered", "delivered"),
        ("available_for_pickup", "available_for_pickup"),
        ("returned", "return_to_sender"),
        ("exception", "failure"),
        ("exception", "cancelled"),
        ("exception", "error"),
        ("in_transit", "teleported"),
    ],
)
def test_the_ten_statuses_of_easypost_have_a_status(expected, word):
    assert expected == easypost_gateway.status(word).value


@pytest.mark.parametrize(
    ("source", "raw"),
    [
        ("aftership", b'{"event":"edd_revised","msg":{}}'),
        ("easypost", b'{"description":"batch.created","result":[1]}'),
        ("17track", b'{"event":"TRACKING_STOPPED","data":{"number":"RR123456789CN"}}'),
    ],
)
def test_a_webhook_about_something_else_tells_nothing(source, raw):
    assert SOURCES[source].report(raw) is None


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"\xff\xfe",
    b"{",
    b'"text"',
    b'{"event":7}',
    b'{"event":"tracking_update"}',
    b'{"event":"tracking_update","msg":null}',
    b'{"event":"tracking_update","msg":{"tracking_number":null}}',
    b'{"event":"tracking_update","msg":{"tracking_number":"\\u0000\\u0000"}}',
    b'{"event":"tracking_update","msg":{"tracking_number":"12345678","checkpoints":{"a":1}}}',
    b'{"event":"tracking_update","msg":{"tracking_number":"12345678","checkpoints":[{"checkpoint_time":"soon"}]}}',
    b'{"event":"tracking_update","msg":{"tracking_number":"12345678","checkpoints":[%s]}}'
    % b'{"checkpoint_time":"0001-01-01T00:00:00+14:00"}',
    b'{"event":"tracking_update","msg":{"tracking_number":"12345678","tag":"Expired"},"ts":99999999999999999}',
    b'{"event":"tracking_update","msg":' + b"[" * 100_000,
    b'{"description":"tracker.updated"}',
    b'{"description":"tracker.updated","result":{"tracking_code":"x"}}',
    b'{"description":"tracker.updated","result":{"tracking_code":"12345678","tracking_details":[{"datetime":5}]}}',
    b'{"event":"TRACKING_UPDATED"}',
    b'{"event":"TRACKING_UPDATED","data":{"number":12345678}}',
    b'{"event":"TRACKING_UPDATED","data":{"number":"12345678","track_info":"none"}}',
    b'{"event":"TRACKING_UPDATED","data":{"number":"12345678","carrier":[],"track_info":null}}',
]


def outcome(source: str, raw: bytes) -> Report | Kind | None:
    """The report of a body, or the kind of the refusal; anything else escapes."""
    try:
        return SOURCES[source].report(raw)
    except Refusal as refusal:
        return refusal.kind


@pytest.mark.parametrize("source", sorted(SIGNED))
@pytest.mark.parametrize("raw", HOSTILE)
def test_garbage_is_malformed_or_no_report_and_never_a_crash(source, raw):
    assert outcome(source, raw) in (None, Kind.MALFORMED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, JSON, st.sampled_from(sorted(SIGNED)))
def test_any_json_in_the_place_of_a_payload_is_malformed_or_a_report(outer, inner, source):
    payload = {
        "event": "TRACKING_UPDATED" if source == "17track" else "tracking_update",
        "description": "tracker.updated",
        "msg": inner,
        "data": inner,
        "result": inner,
        "ts": outer,
    }
    found = outcome(source, json.dumps(payload).encode())

    assert found in (None, Kind.MALFORMED) or (isinstance(found, Report) and found.source == source)


def test_carriers_are_known_by_what_each_source_calls_them():
    ours = tariffs.carriers().values()

    assert "dhl_express" == alias_of("aftership", "dhl", ours)
    assert "dhl_express" == alias_of("easypost", "DHLExpress", ours)
    assert "yunexpress" == alias_of("17track", "190008", ours)
    assert "ups" == alias_of("easypost", "UPS", ours)
    assert alias_of("aftership", "dhl-germany", ours) is None


def test_tracking_numbers_are_kept_in_one_form():
    assert "1Z999AA10123456784" == tracking_number("1z 999-aa1 0123456784")
    for wrong in ("", "1234567", "x" * 41, "1Z999AA1\u0660123", "drop;table", "12345678\n"):
        with pytest.raises(BadTrackingNumber):
            tracking_number(wrong)
