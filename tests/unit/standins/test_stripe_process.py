"""The stand-in as a process: where it binds, how it stops, and what it keeps."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stripe

from infra.local.stripe.standin import StripeStandIn

ROOT = Path(__file__).parents[3]


@contextmanager
def process(module: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The running module and the port it printed; ended by SIGTERM, which it must obey with status 0."""
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        found = re.search(r" on http://127\.0\.0\.1:(\d+)$", line.strip())
        assert found, line
        try:
            yield running, int(found.group(1))
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(10) == 0


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_it_stops_on_sigterm_and_finds_its_objects_again(tmp_path):
    state = str(tmp_path / "state" / "stripe.json")
    http_client: Any = stripe.RequestsClient()  # its `close` is untyped
    params: Any = {
        "amount": 1000,
        "currency": "eur",
        "allowed_payment_method_types": ["card"],
        "payment_method": "pm_card_visa",
        "confirm": True,
    }

    ids = []
    for _ in range(2):
        with process("infra.local.stripe", "--state", state) as (_running, port):
            address: Any = {"api": f"http://127.0.0.1:{port}"}
            sdk = stripe.StripeClient("sk_test_1", base_addresses=address, http_client=http_client)
            ids.append(sdk.v1.payment_intents.create(params, {"idempotency_key": "ord_1"}).id)
            assert [ids[0]] == [intent.id for intent in sdk.v1.payment_intents.list().data]
            refund = sdk.v1.refunds.create({"payment_intent": ids[0], "amount": 100})
            assert "succeeded" == refund.status
        http_client.close()

    assert ids[0] == ids[1]


def test_only_the_given_key_is_accepted():
    with process("infra.local.stripe", "--secret-key", "sk_test_mine") as (_running, port):
        assert 200 == get(port, "/v1/payment_intents", Authorization="Bearer sk_test_mine")[0]
        assert 401 == get(port, "/v1/payment_intents", Authorization="Bearer sk_test_other")[0]
        assert (200, {"status": "ok"}) == get(port, "/test/health")


def test_a_port_that_is_taken_is_one_clear_line(provider):
    port = str(provider.standin.server.port)
    command = [sys.executable, "-m", "infra.local.stripe", "--port", port]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)

    assert 1 == ended.returncode
    assert ended.stderr.startswith(f"stripe stand-in: cannot start on port {port}")
    assert 1 == len(ended.stderr.splitlines())


def test_a_file_that_is_no_state_is_one_clear_line(tmp_path):
    state = tmp_path / "stripe.json"
    state.write_text("not json")
    command = [sys.executable, "-m", "infra.local.stripe", "--port", "0", "--state", str(state)]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)

    assert 1 == ended.returncode
    assert "is not a state file" in ended.stderr
    assert 1 == len(ended.stderr.splitlines())


def test_what_was_not_delivered_before_a_stop_is_delivered_after_the_start(tmp_path, endpoint):
    state = tmp_path / "stripe.json"
    first = StripeStandIn(webhook_url=f"{endpoint.url}/hook", webhook_secret="whsec_1", state=state)
    assert first.courier is not None
    with first:
        first.courier.hold()
        with first.account.store.lock:
            first.account.publish("payment_intent.created", {"id": "pi_1", "object": "payment_intent"})
    assert [] == endpoint.received

    with StripeStandIn(webhook_url=f"{endpoint.url}/hook", webhook_secret="whsec_1", state=state) as second:
        assert second.courier is not None
        assert second.courier.await_idle(10)

    assert ["payment_intent.created"] == endpoint.types()


def test_the_state_is_not_readable_by_others(tmp_path):
    state = tmp_path / "stripe.json"
    with StripeStandIn(state=state):
        pass

    assert 0o600 == os.stat(state).st_mode & 0o777


@pytest.mark.parametrize("module", ["infra.local.stripe", "infra.local.btcpay", "infra.local.carriers"])
def test_the_stand_ins_use_the_standard_library_only(module):
    folder = ROOT.joinpath(*module.split("."))
    imported = {
        name
        for file in folder.glob("*.py")
        for name in re.findall(
            r"^(?:from|import) ([a-z_0-9]+)", file.read_text(encoding="utf-8"), re.MULTILINE
        )
    }

    assert imported - set(sys.stdlib_module_names) == {"infra"}
