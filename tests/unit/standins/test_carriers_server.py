"""The carriers' stand-in: scripts, repeated, late and forged webhooks."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local.carriers.payloads import signature
from infra.local.carriers.server import CarriersApi
from infra.local.carriers.tracker import Tracker
from infra.local.stripe.serving import LocalServer
from tests.unit.standins.test_stripe_process import get, process

SECRETS = {"aftership": "a-secret", "easypost": "e-secret", "17track": "t-secret"}
SCRIPT = [
    {
        "time": "2026-11-20T12:00:00Z",
        "status": "registered",
        "message": "Registered",
        "place": "Shenzhen, CN",
    },
    {"time": "2026-11-21T12:00:00Z", "status": "in_transit", "message": "Departed", "place": "Hong Kong, HK"},
    {"time": "2026-11-22T12:00:00Z", "status": "delivered", "message": "Delivered", "place": "Berlin, DE"},
]
Call = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def carriers(endpoint) -> Iterator[Call]:
    server = LocalServer(0, CarriersApi(Tracker(endpoint.url, SECRETS)))
    server.start()

    def call(method: str, path: str, document: object = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            connection.request(method, path, json.dumps({} if document is None else document))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    yield call
    server.stop()


def registered(carriers: Call, source: str = "17track") -> None:
    parcel = {
        "source": source,
        "carrier": "yunexpress",
        "tracking_number": "YT2600000000000001",
        "script": SCRIPT,
    }
    status, shown = carriers("POST", "/shipments", parcel)
    assert (201, 3, 0) == (status, shown["scans"], shown["sent"])


def scanned(carriers: Call, **options: Any) -> dict[str, Any]:
    status, answer = carriers("POST", "/shipments/YT2600000000000001/scans", options)
    assert status == 200, answer
    return answer


def told(request) -> list[str]:
    """The messages in one 17TRACK webhook, as listed."""
    events = json.loads(request.body)["data"]["track_info"]["tracking"]["providers"][0]["events"]
    return [event["description"] for event in events]


@pytest.mark.parametrize("source", ["aftership", "easypost", "17track"])
def test_a_scan_is_posted_signed_to_the_address_of_its_source(carriers, endpoint, source):
    registered(carriers, source)

    answer = scanned(carriers)

    assert (1, 2, [{"status": 200, "scans": 1}]) == (answer["sent"], answer["remaining"], answer["posts"])
    (request,) = endpoint.received
    name, value = signature(source, request.body, SECRETS[source])
    assert (f"/v1/webhooks/carriers/{source}", value) == (request.path, request.headers[name.lower()])


def test_each_webhook_tells_the_history_up_to_its_scan(carriers, endpoint):
    registered(carriers)

    scanned(carriers, count=2)
    answer = scanned(carriers, all=True)

    assert (3, 0) == (answer["sent"], answer["remaining"])
    assert [["Registered"], ["Departed", "Registered"], ["Delivered", "Departed", "Registered"]] == [
        told(request) for request in endpoint.received
    ]
    assert [] == scanned(carriers)["posts"]


def test_a_duplicate_is_the_same_bytes_again(carriers, endpoint):
    registered(carriers)

    answer = scanned(carriers, duplicate=2)

    assert 3 == len(answer["posts"])
    assert 1 == answer["sent"]
    assert 1 == len({(request.body, request.headers["sign"]) for request in endpoint.received})


def test_reordered_webhooks_come_newest_first(carriers, endpoint):
    registered(carriers)

    scanned(carriers, all=True, reorder=True)

    assert [3, 2, 1] == [len(told(request)) for request in endpoint.received]


def test_a_stale_webhook_tells_the_first_scan_alone_and_moves_nothing(carriers, endpoint):
    registered(carriers)
    scanned(carriers, all=True)

    answer = scanned(carriers, stale=True)

    assert ["Registered"] == told(endpoint.received[-1])
    assert (3, 0) == (answer["sent"], answer["remaining"])


def test_a_bad_or_missing_signature_moves_nothing(carriers, endpoint):
    registered(carriers)

    forged = scanned(carriers, bad_signature=True)
    unsigned = scanned(carriers, unsigned=True)

    assert (0, 0) == (forged["sent"], unsigned["sent"])
    first, second = endpoint.received
    assert first.headers["sign"] != signature("17track", first.body, SECRETS["17track"])[1]
    assert "sign" not in second.headers


def test_a_refused_webhook_can_be_sent_again(carriers, endpoint):
    registered(carriers)
    endpoint.refusals = [503]

    refused = scanned(carriers)
    assert (0, [{"status": 503, "scans": 1}]) == (refused["sent"], refused["posts"])
    assert 1 == scanned(carriers)["sent"]

    assert [["Registered"], ["Registered"]] == [told(request) for request in endpoint.received]


def test_scans_given_by_hand_come_before_the_script(carriers, endpoint):
    registered(carriers)
    scanned(carriers)

    scanned(carriers, scans=[{"time": "2026-11-20T18:00:00Z", "status": "customs", "message": "Held"}])
    scanned(carriers)

    assert ["Departed", "Held", "Registered"] == told(endpoint.received[-1])


@pytest.mark.parametrize(
    ("path", "document", "status"),
    [
        ("/shipments", {"source": "pigeon", "carrier": "ups", "tracking_number": "1"}, 400),
        ("/shipments", {"source": "17track", "carrier": "ups"}, 400),
        ("/shipments", [1], 400),
        (
            "/shipments",
            {
                "source": "17track",
                "carrier": "ups",
                "tracking_number": "1",
                "script": [{"time": "2026-11-20T12:00:00", "status": "delivered"}],
            },
            400,
        ),
        ("/shipments/nothing/scans", {}, 404),
        ("/elsewhere", {}, 404),
    ],
)
def test_misuse_is_told_and_nothing_is_sent(carriers, endpoint, path, document, status):
    assert status == carriers("POST", path, document)[0]
    assert [] == endpoint.received
    assert {"data": []} == carriers("GET", "/shipments")[1]


def test_a_target_that_is_away_is_status_0(endpoint):
    tracker = Tracker("http://127.0.0.1:9", SECRETS)
    tracker.register({"source": "17track", "carrier": "ups", "tracking_number": "1Z1", "script": SCRIPT})

    answer = tracker.scan("1Z1", {})

    assert (0, [{"status": 0, "scans": 1}]) == (answer["sent"], answer["posts"])


@pytest.mark.parametrize("nested", [False, True])
def test_it_runs_as_a_process_with_its_secrets_from_a_file(tmp_path, endpoint, nested):
    secrets = tmp_path / "accounts.json"
    secrets.write_text(json.dumps({"secrets": SECRETS} if nested else SECRETS))

    with process("infra.local.carriers", "--target", endpoint.url, "--secrets", str(secrets)) as (_, port):
        assert (200, {"status": "ok"}) == get(port, "/health")
