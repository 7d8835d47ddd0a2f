"""A short run of `make fuzz`, and that it finds a route that is made to answer what it should not."""

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from entrepot.cloud import aws, telemetry
from entrepot.cloud.call import Reply
from functions.orders.service import carts
from infra import openapi
from tests.integration.fuzz.after import personal
from tests.integration.fuzz.document import ALSO_EXPECTED, BEYOND_A_SCHEMA, MEANT, beyond
from tests.integration.fuzz.findings import Report
from tests.integration.fuzz.journey import travelled
from tests.integration.fuzz.parts import divided
from tests.integration.fuzz.running import Fuzz
from tests.integration.fuzz.scene import Scene
from tests.integration.fuzz.table import printed
from tests.integration.matrix.verdicts import registered
from tests.integration.matrix.world import World, furnished

SOME = (
    "GET /v1/me",
    "PATCH /v1/me",
    "GET /v1/me/addresses/{address_id}",
    "POST /v1/me/exports",
    "POST /v1/carts",
    "PUT /v1/carts/{cart_id}/lines/{sku}",
    "GET /v1/products/{product_id}",
    "GET /v1/orders",
    "POST /v1/orders",
    "POST /v1/webhooks/btcpay",
    "GET /v1/ledger/trial-balance",
)
"""Quick ones of every sort: open, own and not for a shopper; with a body, a query, a key, an ETag, a signature."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with contextlib.redirect_stdout(io.StringIO()), furnished() as world:
        yield world


@pytest.fixture(scope="module")
def served() -> str:
    return openapi.text()


def run(world: World, document: str, *routes: str, examples: int = 2, coverage: int | None = 8) -> Report:
    """What a run over some routes finds."""
    with contextlib.redirect_stdout(io.StringIO()) as log:
        fuzz = Fuzz(Scene(world, log, 1, document), examples, coverage)
        for route in routes:
            fuzz.run(["shopper"], route)
    return fuzz.scene.report


@contextlib.contextmanager
def handled(method: str, path: str, handler: Any) -> Iterator[None]:
    """A route of which another hand answers."""
    (route,) = (route for route in registered() if (route.method, route.path) == (method, path))
    held = route.handler
    object.__setattr__(route, "handler", handler)
    try:
        yield
    finally:
        object.__setattr__(route, "handler", held)


def checks(report: Report) -> set[str]:
    return {check for _, check, _ in report.findings}


def test_a_shopper_finds_nothing(world, served):
    report = run(world, served, *SOME)

    assert [] == [finding for alike in report.findings.values() for finding in alike]
    assert len(SOME) == len(report.cells)
    assert (len(SOME) - 1, len(SOME) - 1) == report.reached
    assert all(cell.refused for cell in report.cells if "carts" not in cell.operation)


def test_a_few_journeys_find_nothing_and_arrive(world, served):
    with contextlib.redirect_stdout(io.StringIO()) as log:
        scene = Scene(world, log, 1, served)
        report = travelled(scene, 12, "buying")

    assert [] == [finding for alike in report.findings.values() for finding in alike]
    assert any(cell.succeeded for cell in report.cells if cell.operation == "POST /v1/orders")


def test_the_same_seed_sends_the_same_requests(world, served):
    first, again = (run(world, served, "PATCH /v1/me").cells[0] for _ in range(2))

    assert first.statuses == again.statuses


def test_a_route_that_fails_is_found(world, served, monkeypatch):
    def failing(*_: Any) -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(carts, "read_cart", failing)

    found = checks(run(world, served, "GET /v1/carts/{cart_id}"))

    assert {"ServerError", "UndefinedStatusCode", "log"} <= found


def test_an_answer_of_another_shape_is_found(world, served):
    with handled("POST", "/v1/carts", lambda call: Reply({"id": 7, "lines": []})):
        report = run(world, served, "POST /v1/carts")

    assert {"JsonSchemaError"} == checks(report)
    assert "POST /v1/carts: JsonSchemaError" in "\n".join(printed(report, 1))


def test_a_status_that_is_not_documented_is_found(world, served):
    with handled("POST", "/v1/carts", lambda call: Reply({}, 206)):
        found = checks(run(world, served, "POST /v1/carts"))

    assert {"UndefinedStatusCode"} == found


def test_a_header_that_is_promised_and_not_sent_is_found(world, served):
    document = json.loads(served)
    headers = document["paths"]["/v1/carts"]["post"]["responses"]["201"]["headers"]
    headers["Location"] = {"$ref": "#/components/headers/Location"}

    assert {"MissingHeaders"} == checks(run(world, json.dumps(document), "POST /v1/carts"))


def test_a_body_that_is_not_looked_at_is_found(world, served):
    document = json.loads(served)
    document["components"]["schemas"]["LineBody"]["properties"]["quantity"]["maximum"] = 3

    report = run(world, json.dumps(document), "PUT /v1/carts/{cart_id}/lines/{sku}", coverage=None)

    assert "AcceptedNegativeData" in checks(report)


def test_a_body_that_the_document_allows_and_the_route_refuses_is_found(world, served):
    document = json.loads(served)
    del document["components"]["schemas"]["LineBody"]["properties"]["quantity"]["maximum"]

    assert "RejectedPositiveData" in checks(
        run(world, json.dumps(document), "PUT /v1/carts/{cart_id}/lines/{sku}", examples=12)
    )


def test_personal_data_in_the_log_is_found(world, served, monkeypatch):
    real = carts.read_cart

    def read(*given: Any) -> Any:
        telemetry.log("looked_at", by="shopper@example.com")
        return real(*given)

    monkeypatch.setattr(carts, "read_cart", read)

    assert {"log"} == checks(run(world, served, "GET /v1/carts/{cart_id}"))


def test_stock_that_is_promised_to_nobody_is_found(world, served, monkeypatch):
    real = carts.open_cart

    def spoil(*given: Any) -> Any:
        item = next(row for row in world.store.rows("inventory") if row["pk"]["S"] == "stock#PHONES-1")
        more = {"N": str(int(item["reserved"]["N"]) + 1)}
        world.store.call("PutItem", TableName=aws.name("inventory"), Item={**item, "reserved": more})
        return real(*given)

    monkeypatch.setattr(carts, "open_cart", spoil)

    assert {"after"} == checks(run(world, served, "POST /v1/carts"))


def test_a_run_is_divided_into_every_route_and_every_trip():
    parts = list(divided(None, None, 6))

    assert {f"{route.method} {route.path}" for route in registered()} == {part.route for part in parts} - {
        None
    }
    assert "POST /v1/me/erasure" == [part.route for part in parts if part.route][-1]
    assert {"selling", "buying", "delivering", "rest"} == {part.trip for part in parts} - {None}
    assert [None] * 4 == [part.route for part in divided("journey", None, 6)]
    assert ["GET /v1/me", "PATCH /v1/me"] == [part.route for part in divided("shopper", "/v1/me", 6)]
    assert [] == list(divided(None, "/v1/nowhere", 6))


def test_what_was_set_aside_is_told_with_its_reason(world, served):
    report = run(world, served, "POST /v1/webhooks/btcpay")

    assert report.meant
    assert any("the provider's to say" in line for line in printed(report, 1))


def test_personal_values_are_found_in_a_body_wherever_they_stand():
    body = {
        "contact": {"email": "0@example.com", "phone": "+49 151 2345", "name": "request_failed"},
        "lines": [{"sku": "SKU-123456", "quantity": 2}],
        "ship_to": {"line1": "Torstraße 140", "city": "Berlin 10119"},
    }

    assert {"0@example.com", "+49 151 2345", "Torstraße 140", "Berlin 10119"} == set(personal(body))


def test_every_exception_has_its_reason():
    assert all(reason for check in ALSO_EXPECTED.values() for reason in check.values())
    assert all(BEYOND_A_SCHEMA.values())
    assert all(MEANT.values())


@pytest.mark.parametrize(
    ("path", "status", "problem", "row"),
    [
        ("/v1/members", 400, {"code": "invalid_email"}, "invalid_email"),
        ("/v1/members", 400, {"code": "invalid_request", "detail": "Object missing required field"}, None),
        ("/v1/members", 400, {"detail": "Expected `int | null`, got `float`"}, "got `float`"),
        ("/v1/members", 422, {"code": "invalid_email"}, None),
        ("/v1/webhooks/stripe", 400, {"code": "malformed"}, "an event"),
        ("/v1/products", 400, {"code": "malformed"}, None),
        ("/v1/oauth/token", 400, {"error": "invalid_client"}, "an error of OAuth"),
        ("/v1/products", 400, {"error": "invalid_client"}, None),
    ],
)
def test_what_a_schema_cannot_say_is_told_by_its_code(path, status, problem, row):
    class Answered:
        status_code = status

        def json(self) -> Any:
            return problem

    assert row == beyond(path, Answered())
