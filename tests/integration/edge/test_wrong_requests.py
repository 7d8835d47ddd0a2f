"""Requests that are wrong before their body is understood, or whose path, headers or query are: nothing is written."""

import base64
import json
from typing import Any

import pytest

from tests.integration.edge.scene import (
    ALL,
    CANCEL,
    CART_LINE,
    MOVEMENT,
    ORDER,
    PATCH,
    QUOTE,
    REFUND,
    SECURITY,
    SHIPMENT,
    Scene,
    Valid,
    problems,
)
from tests.support.http import call

IDEMPOTENT = (ORDER, CANCEL, SHIPMENT, REFUND, MOVEMENT)


def nested(depth: int) -> str:
    return '{"lines": ' + "[" * depth + "]" * depth + "}"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("{", id="broken"),
        pytest.param('{"lines": [}', id="broken inside"),
        pytest.param('{"a": 1} {"b": 2}', id="two documents"),
        pytest.param("NaN", id="no number"),
        pytest.param("{'single': 'quotes'}", id="single quotes"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="list"),
        pytest.param('"text"', id="text"),
        pytest.param("1" * 5000, id="a number of 5000 digits"),
        pytest.param("", id="empty"),
        pytest.param(b'{"reason": "\xff\xfe"}', id="no UTF-8"),
        pytest.param(b'{"reason": "\xed\xa0\x80"}', id="a surrogate in UTF-8"),
        pytest.param('{"reason": "\\ud800"}', id="half a character"),
        pytest.param('{"reason": 1e999}', id="infinite"),
        pytest.param('{"reason": ' + "9" * 400 + "}", id="huge"),
        pytest.param(nested(33), id="33 deep"),
        pytest.param(nested(40), id="40 deep"),
        pytest.param("[" * 100_000, id="100000 deep"),
        pytest.param("\ufeff{}", id="byte order mark"),
    ],
)
@pytest.mark.parametrize("request_", [QUOTE, ORDER, CANCEL], ids=lambda request: request.name)
def test_what_is_no_such_document_is_refused(scene: Scene, request_: Valid, raw: str | bytes) -> None:
    answer = scene.send(request_, raw=raw)

    scene.assert_refused(answer, 400)
    assert answer.code in ("malformed", "invalid_request")


def test_a_body_in_base64_is_read_as_the_bytes_it_stands_for(scene: Scene) -> None:
    import app

    for raw, status in ((json.dumps(scene.filled(QUOTE.body)).encode(), 201), (b'{"a": "\xff"}', 400)):
        event = {
            "resource": "/v1/quotes",
            "path": "/v1/quotes",
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "stageVariables": None,
            "body": base64.b64encode(raw).decode(),
            "isBase64Encoded": True,
            "requestContext": {"resourcePath": "/v1/quotes", "httpMethod": "POST", "requestId": "test"},
        }
        assert status == app.app(event, None)["statusCode"]


@pytest.mark.parametrize("request_", [QUOTE, ORDER, PATCH], ids=lambda request: request.name)
def test_a_body_over_256_kilobytes_is_too_large(scene: Scene, request_: Valid) -> None:
    raw = json.dumps({"title": "x" * (256 * 1024)})

    answer = scene.send(request_, raw=raw)

    scene.assert_refused(answer, 413)
    assert 256 * 1024 == answer.json["limit_bytes"]


@pytest.mark.parametrize("request_", ALL, ids=lambda request: request.name)
def test_another_media_type_is_refused(scene: Scene, request_: Valid) -> None:
    wrong = []
    for kind in (
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ):
        wrong += problems(scene.send(request_, headers={"Content-Type": kind}), 415, field="Content-Type")

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize("request_", IDEMPOTENT, ids=lambda request: request.name)
def test_a_key_of_visible_characters_is_needed(scene: Scene, request_: Valid) -> None:
    wrong = []
    for key in (None, "", " ", "a b", "k" * 256, "schlüssel", "tab\tbed", "line\n"):
        answer = scene.send(request_, headers={"Idempotency-Key": key})
        wrong += problems(answer, 400, field="Idempotency-Key")

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        (None, 428, "if_match_required"),
        ("", 428, "if_match_required"),
        ('"99"', 412, "stale"),
        ('"0"', 412, "stale"),
        ("*", 412, "stale"),
        ('"-1"', 412, "stale"),
        ('"1.0"', 412, "stale"),
        ('"' + "9" * 30 + '"', 412, "stale"),
        ('"' + "9" * 5000 + '"', 412, "stale"),
        ('"١"', 412, "stale"),
    ],
)
def test_an_edit_needs_the_etag_last_seen(scene: Scene, tag: str | None, status: int, code: str) -> None:
    answer = scene.send(PATCH, headers={"If-Match": tag})

    scene.assert_refused(answer, code)
    assert status == answer.status


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYnJfMSIsInJvbGUiOiJvcGVyYXRvciJ9.",
        "Bearer " + "x" * 5000,
        "Bearer ünïcödé",
        "Basic dXNlcjpwYXNz",
        "",
        "token",
    ],
)
def test_a_bad_token_is_no_guest(scene: Scene, authorization: str) -> None:
    wrong = []
    for request in (QUOTE, ORDER, PATCH, REFUND):
        wrong += problems(scene.send(request, who="nobody", headers={"Authorization": authorization}), 401)
    for path in ("/v1/products", "/health", "/v1/carts/<cart>", "/v1/me"):
        answer = call("GET", scene.filled(path), headers={"Authorization": authorization})
        wrong += problems(answer, 401)

    assert [] == wrong
    scene.assert_untouched()


def test_a_token_for_another_use_or_of_another_time_is_refused(scene: Scene) -> None:
    from datetime import timedelta

    from entrepot.cloud import auth
    from entrepot.kernel.clock import utc_now

    now = int(utc_now().timestamp())
    good = {"sub": "mbr_01JD0000000000000000000000", "role": "operator", "exp": now + 600}
    hour = int(timedelta(hours=1).total_seconds())
    bad = [
        auth.sign(good, auth.REFRESH),
        auth.sign({**good, "exp": now - 1}, auth.ACCESS),
        auth.sign({**good, "nbf": now + hour}, auth.ACCESS),
        auth.sign({**good, "iss": "entrepot-prod"}, auth.ACCESS),
        auth.sign({**good, "aud": "somebody-else"}, auth.ACCESS),
        auth.sign({**good, "sub": 7}, auth.ACCESS),
        auth.sign(good, auth.ACCESS)[:-2] + "AA",
    ]
    wrong = [line for token in bad for line in problems(call("GET", "/v1/warehouses", token=token), 401)]

    assert [] == wrong
    assert 200 == call("GET", "/v1/warehouses", token=auth.sign(good, auth.ACCESS)).status


@pytest.mark.parametrize(
    ("request_", "who", "status"),
    [
        pytest.param(PATCH, "guest", 401, id="a guest edits a product"),
        pytest.param(PATCH, "shopper", 403, id="a shopper edits a product"),
        pytest.param(MOVEMENT, "operator", 403, id="an operator receives stock"),
        pytest.param(SHIPMENT, "shopper", 403, id="a shopper ships"),
        pytest.param(REFUND, "shopper", 403, id="a shopper refunds"),
        pytest.param(REFUND, "guest", 401, id="a guest refunds"),
    ],
)
def test_who_may_not_is_refused(scene: Scene, request_: Valid, who: str, status: int) -> None:
    scene.assert_refused(scene.send(request_, who=who), status)


FOREIGN: list[Any] = [
    pytest.param(PATCH, "/v1/products/<product>", {"title": "Mine now"}, id="product"),
    pytest.param(MOVEMENT, "/v1/stock/PHONES-1/movements", MOVEMENT.body, id="stock"),
    pytest.param(SHIPMENT, "/v1/orders/<unpaid>/shipments", SHIPMENT.body, id="an order without one's goods"),
    pytest.param(REFUND, "/v1/refunds", {**REFUND.body, "order_id": "<unpaid>"}, id="refund of another's"),
    pytest.param(CANCEL, "/v1/orders/<unpaid>/cancel", {"reason": "mine"}, id="cancel another's"),
]


@pytest.mark.parametrize(("request_", "path", "body"), FOREIGN)
def test_anothers_is_not_found(scene: Scene, request_: Valid, path: str, body: dict[str, Any]) -> None:
    scene.tokens["milan"] = scene.bazaar.milan.token

    answer = scene.send(request_, path=path, body=body, who="milan", headers={"Order-Token": None})

    scene.assert_refused(answer, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/ord_01JD0000000000000000000000",
        "/v1/orders/x",
        "/v1/orders/" + "x" * 3000,
        "/v1/orders/%00",
        "/v1/orders/%ED%A0%80",
        "/v1/orders/..%2f..%2fetc",
        "/v1/carts/crt_01JD0000000000000000000000",
        "/v1/products/prd_01JD0000000000000000000000",
        "/v1/shipments/shp_01JD0000000000000000000000",
        "/v1/statements/stm_01JD0000000000000000000000",
        "/v1/stock/NO-SUCH-SKU",
        "/v1/stock/" + "ü" * 500,
    ],
)
@pytest.mark.parametrize("who", ["operator", "merchant"])
def test_what_is_not_there_is_not_found(scene: Scene, path: str, who: str) -> None:
    scene.assert_refused(call("GET", path, token=scene.tokens[who]), 404)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v2/orders", "/v1/orders/x/y/z", "/admin", "/v1//orders"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_a_problem_document(scene: Scene, path: str, method: str) -> None:
    scene.assert_refused(call(method, path, {} if method == "POST" else None), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/orders"),
        ("PUT", "/v1/quotes"),
        ("PATCH", "/v1/carts/crt_01JD0000000000000000000000"),
        ("GET", "/v1/refunds"),
        ("POST", "/health"),
        ("GET", "/v1/webhooks/stripe"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_a_problem_document(
    scene: Scene, method: str, path: str
) -> None:
    answer = call(method, path, {} if method != "GET" else None)

    scene.assert_refused(answer, 405)
    assert method not in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/orders?limit=0", "limit"),
        ("/v1/orders?limit=101", "limit"),
        ("/v1/orders?limit=-1", "limit"),
        ("/v1/orders?limit=1.5", "limit"),
        ("/v1/orders?limit=ten", "limit"),
        ("/v1/orders?limit=" + "9" * 5000, "limit"),
        ("/v1/orders?limit=5&limit=6", "limit"),
        ("/v1/orders?status=paid&status=packed", "status"),
        ("/v1/orders?status=unknown", "status"),
        ("/v1/orders?payment_status=paid", "payment_status"),
        ("/v1/orders?sku=a%20b", "sku"),
        ("/v1/orders?from=yesterday", "from"),
        ("/v1/orders?from=2026-11-22T10:00:00", "from"),
        ("/v1/orders?from=2026-13-01T00:00:00Z", "from"),
        ("/v1/orders?surprise=1", "surprise"),
        ("/v1/orders?cursor=nonsense", "cursor"),
        ("/v1/orders?cursor=%00%ff", "cursor"),
        ("/v1/orders?cursor=" + "A" * 1999, "cursor"),
        ("/v1/products?limit=0", "limit"),
        ("/v1/products?limit=1&limit=2", "limit"),
        ("/v1/products?cursor=AAAA", "cursor"),
        ("/v1/products?surprise=1", "surprise"),
    ],
)
def test_a_wrong_query_is_named(scene: Scene, path: str, field: str) -> None:
    wrong = []
    for who in ("operator", "merchant", "shopper"):
        wrong += problems(call("GET", path, token=scene.tokens[who]), 400, field=field)

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize(
    "window",
    [
        "to=0001-01-01T00:00:00Z",
        "from=0001-01-01T00:00:00%2B14:00",
        "to=9999-12-31T23:59:59-14:00",
        "from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z",
    ],
)
def test_the_ends_of_time_are_no_outage(scene: Scene, window: str) -> None:
    for who in ("operator", "merchant", "shopper"):
        answer = call("GET", f"/v1/orders?{window}", token=scene.tokens[who])
        assert answer.status in (200, 400, 422), answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/v1/products", 200),
        ("GET", "/v1/me", 401),
        ("GET", "/v1/orders/ord_1", 404),
        ("POST", "/v1/quotes", 400),
        ("GET", "/nowhere", 404),
        ("DELETE", "/health", 405),
    ],
)
def test_every_answer_has_the_headers_of_security_and_a_correlation_id(
    scene: Scene, method: str, path: str, status: int
) -> None:
    ours = call(method, path, headers={"X-Correlation-Id": "a-client-s-own-id"})
    theirs = call(method, path, headers={"X-Correlation-Id": "no\r\nSet-Cookie: a=b"})

    assert (status, status) == (ours.status, theirs.status)
    for answer in (ours, theirs):
        expected = dict(SECURITY)
        if path == "/openapi.json":
            expected.pop("Cache-Control")
        assert expected == {name: answer.headers.get(name) for name in expected}
        assert "Server" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers
        if status >= 400:
            assert answer.json["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert ours.headers["X-Correlation-Id"] in ("a-client-s-own-id", "test-request-id")
    assert "test-request-id" == theirs.headers["X-Correlation-Id"]


def test_a_line_that_is_not_in_a_cart_is_set_only_with_its_token(scene: Scene) -> None:
    for given in (None, "", "x" * 43, "Überraschung"):
        scene.assert_refused(scene.send(CART_LINE, headers={"Cart-Token": given}), 404)
