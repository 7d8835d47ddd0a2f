"""From a carrier's signed webhook to the shipment and its event, over an AWS in this process."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from entrepot.cloud import aws as platform
from entrepot.cloud import outbox, reads, writes
from entrepot.contracts.permissions import PUBLIC
from entrepot.kernel.refusals import Malformed, NotFound
from functions.logistics import facade, routes, service, store, triggers
from functions.logistics.domain.shipment import Report, Scan, Status

pytestmark = pytest.mark.usefixtures("aws")

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
NUMBER = "YT2612345678901234"
SECRET = b"aftership-stage"
JOURNEY = [
    ("InfoReceived", 1, "Label created"),
    ("InTransit", 5, "Left Shenzhen"),
    ("InTransit", 30, "Arrived in Leipzig"),
    ("OutForDelivery", 40, "With the driver"),
    ("Delivered", 44, "Delivered"),
]


def registered(
    shipment_id: str = "shp_1", carrier: str = "yunexpress", number: str = NUMBER, at: datetime = NOW
) -> facade.Shipment:
    promise = facade.Promise(date(2026, 11, 30), date(2026, 12, 5))
    shipment, made = facade.open_shipment(
        shipment_id, "ord_1", "mrc_1", carrier, number, (("SKU-1", 2),), promise, at
    )
    writes.commit(*made)
    return shipment


def stored(shipment_id: str = "shp_1") -> facade.Shipment:
    shipment = reads.fetch_one(facade.shipment_read(shipment_id))
    assert shipment is not None
    return shipment


def events() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for shard in range(outbox.SHARDS):
        found += [json.loads(row.body) for row in outbox.unsent(shard, NOW + timedelta(days=400))]
    return sorted(found, key=lambda event: event["occurred_at"])


def body(
    checkpoints: Sequence[tuple[str, float, str]] = JOURNEY, number: str = NUMBER, slug: str = "yunexpress"
) -> bytes:
    times = [
        {"checkpoint_time": (NOW + timedelta(hours=hours)).isoformat(), "tag": tag, "message": message}
        for tag, hours, message in checkpoints
    ]
    msg = {"tracking_number": number, "slug": slug, "tag": "InTransit", "checkpoints": times}
    return json.dumps({"event": "tracking_update", "msg": msg}, ensure_ascii=False).encode()


def signed(raw: bytes, secret: bytes = SECRET) -> dict[str, str]:
    digest = hmac.new(secret, raw, hashlib.sha256).digest()
    return {"aftership-hmac-sha256": base64.b64encode(digest).decode()}


def queued() -> list[str]:
    url = platform.queue_url("logistics-scans")
    answer = platform.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def told(
    checkpoints: Sequence[tuple[str, float, str]] = JOURNEY,
    now: datetime = NOW + timedelta(hours=45),
    **payload: str,
) -> None:
    raw = body(checkpoints, **payload)
    service.receive("aftership", signed(raw), raw, now)
    for message in queued():
        service.take_message(message, now)


def test_scans_of_a_webhook_move_the_shipment_and_announce_it_once():
    registered()

    told()

    shipment = stored()
    assert (Status.DELIVERED, 1, 5) == (shipment.status, shipment.revision, len(shipment.scans))
    (event,) = events()
    assert {
        "event": "logistics.shipment_moved",
        "version": 1,
        "shipment_id": "shp_1",
        "order_id": "ord_1",
        "merchant_id": "mrc_1",
        "status": "delivered",
        "previous_status": "registered",
        "scanned_at": "2026-11-24T06:00:00Z",
    } == {name: value for name, value in event.items() if name not in ("event_id", "occurred_at")}


def test_webhooks_twenty_times_and_out_of_order_announce_each_status_once():
    registered()
    deliveries = [JOURNEY[:length] for length in range(1, 6)] * 4
    random.Random(7).shuffle(deliveries)

    for turn, checkpoints in enumerate(deliveries):
        told(checkpoints, now=NOW + timedelta(hours=45, seconds=turn))

    shipment, announced = stored(), events()
    statuses = [event["status"] for event in announced]
    assert (Status.DELIVERED, 5) == (shipment.status, len(shipment.scans))
    assert statuses[-1:] == ["delivered"]
    assert len(statuses) == len(set(statuses))
    assert [event["previous_status"] for event in announced] == ["registered", *statuses[:-1]]


def test_a_late_scan_joins_the_list_without_an_event():
    registered()
    told(JOURNEY[3:4])
    before = events()

    told(JOURNEY[1:2])

    assert Status.OUT_FOR_DELIVERY is stored().status
    assert ["Left Shenzhen", "With the driver"] == [scan.message for scan in stored().scans]
    assert before == events()


def test_the_trigger_gives_back_only_the_messages_that_failed():
    registered()
    for number in (NUMBER, "YT0000000000000000"):
        raw = body(number=number)
        service.receive("aftership", signed(raw), raw, NOW + timedelta(hours=45))
    records = [{"messageId": str(n), "body": message} for n, message in enumerate([*queued(), "garbage"])]

    answer = triggers.logistics_scans({"Records": records}, None)

    assert {"1", "2"} == {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    assert Status.DELIVERED is stored().status


def test_an_unknown_number_is_refused_until_its_shipment_is_registered():
    with pytest.raises(service.UnknownTracking):
        told()
    assert [] == events()
    registered()

    told()

    assert Status.DELIVERED is stored().status


@pytest.mark.parametrize("slug", ["ups", "dhl-germany"])
def test_scans_of_another_carrier_with_the_same_number_are_not_ours(slug):
    registered()

    with pytest.raises(service.UnknownTracking):
        told(slug=slug)

    assert () == stored().scans


def test_a_report_that_names_no_carrier_is_found_by_its_number():
    registered()
    scan = Scan(NOW + timedelta(hours=2), Status.IN_TRANSIT)

    service.take_report(Report("easypost", None, NUMBER, (scan,)), NOW, NOW)

    assert (scan,) == stored().scans


def test_a_number_given_out_again_moves_its_new_shipment_only():
    registered("shp_old", at=NOW - timedelta(days=90))
    told([("InTransit", -24 * 89, "first life")])
    registered("shp_new")

    told()

    assert (Status.IN_TRANSIT, Status.DELIVERED) == (stored("shp_old").status, stored("shp_new").status)
    assert ["first life"] == [scan.message for scan in stored("shp_old").scans]


def test_scans_from_the_future_are_ignored(capsys):
    registered()

    told(now=NOW + timedelta(hours=10))

    assert ["Label created", "Left Shenzhen", "Arrived in Leipzig"] == [s.message for s in stored().scans]
    assert '"event":"scans_ignored"' in capsys.readouterr().out


def test_a_rival_change_is_taken_in_before_ours(monkeypatch):
    registered()
    rivals = [Scan(NOW + timedelta(hours=3), Status.CUSTOMS, "rival")]
    genuine = store.changed

    def overtaken(shipment, seen_revision):
        if rivals:
            rival = Report("easypost", "yunexpress", NUMBER, (rivals.pop(),))
            service.take_report(rival, NOW, NOW)
        return genuine(shipment, seen_revision)

    monkeypatch.setattr(store, "changed", overtaken)

    told(JOURNEY[1:2])

    assert ["rival", "Left Shenzhen"] == [scan.message for scan in stored().scans]
    assert ["customs", "in_transit"] == [event["status"] for event in events()]
    assert 2 == stored().revision


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"aftership-hmac-sha256": ""},
        {"aftership-hmac-sha256": "AAAA"},
        {"x-hmac-signature": "hmac-sha256-hex=00"},
        signed(body(), b"other-secret"),
        signed(body() + b" "),
    ],
)
def test_a_missing_or_wrong_signature_queues_nothing(headers):
    with pytest.raises(service.BadSignature) as refused:
        service.receive("aftership", headers, body(), NOW)

    assert "bad_signature" == refused.value.code
    assert [] == queued()


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{"event":"tracking_update","msg":{}}'])
def test_a_signed_body_that_is_no_webhook_queues_nothing(raw):
    with pytest.raises(Malformed):
        service.receive("aftership", signed(raw), raw, NOW)

    assert [] == queued()


def test_a_webhook_about_something_else_queues_nothing():
    raw = b'{"event":"edd_revised"}'

    service.receive("aftership", signed(raw), raw, NOW)

    assert [] == queued()


def test_an_unknown_source_is_not_found():
    with pytest.raises(NotFound):
        service.receive("fedex", {}, b"{}", NOW)


def test_a_megabyte_of_scans_fits_on_the_queue():
    registered()
    many = [("InTransit", 1 + n / 3600, "已到达分拨中心" * 10) for n in range(2500)]
    assert len(body(many)) > 700_000

    told(many)

    assert 200 == len(stored().scans)


def test_what_cannot_be_deflated_enough_is_too_large():
    noise = base64.b64encode(random.Random(1).randbytes(500_000)).decode()
    raw = body([("InTransit", 1, noise)])

    with pytest.raises(service.WebhookTooLarge):
        service.receive("aftership", signed(raw), raw, NOW)

    assert [] == queued()


def test_a_shipment_is_opened_once():
    registered()

    with pytest.raises(facade.ShipmentExists):
        registered()


def test_a_shipment_needs_a_known_carrier_and_a_tracking_number():
    def opening(carrier: str, number: str) -> None:
        facade.open_shipment("shp_1", "ord_1", "mrc_1", carrier, number, (("SKU-1", 1),), None, NOW)

    with pytest.raises(facade.UnknownCarrier):
        opening("pigeon", NUMBER)
    with pytest.raises(facade.BadTrackingNumber):
        opening("ups", "??")


def test_a_shipment_is_shown_as_the_api_says():
    opened = registered(number="yt26 1234 5678 9012 34")
    told(JOURNEY[:2])

    view = facade.shipment_view(stored())

    assert NUMBER == opened.tracking_number
    assert ("shp_1", "in_transit", "yunexpress", NUMBER) == (
        view.id,
        view.status,
        view.carrier,
        view.tracking_number,
    )
    assert ("2026-11-22T15:00:00.000000Z", "in_transit", "Left Shenzhen", "") == (
        view.scans[1].time,
        view.scans[1].status,
        view.scans[1].message,
        view.scans[1].place,
    )
    assert facade.PromiseView(earliest=date(2026, 11, 30), latest=date(2026, 12, 5)) == view.promise


def test_the_webhook_is_open_to_all_and_takes_the_raw_body() -> None:
    (route,) = [route for route in routes.api.routes if route.path == "/v1/webhooks/carriers/{source}"]

    assert ("POST", PUBLIC, True, None) == (route.method, route.allow, route.webhook, route.body)
