"""Whatever JSON is sent to whichever route: a refusal or an answer, never an outage of ours."""

import copy
import re
import time
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.edge.scene import ALL, Scene, Valid, changed, leaves
from tests.support.http import call

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(
        ["", "0", "-1", "EUR", "CN", "DE", "XX", "PHONES-1", "é" * 100, "\x00", "2026-11-22", "null"]
    ),
    st.just([]),
    st.just({}),
)
JSON = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
SECONDS = 15


@st.composite
def bent(draw: st.DrawFn) -> tuple[Valid, Any]:
    """A valid request, of which some values are others now, or some fields gone; or a body of anything."""
    request = draw(st.sampled_from(ALL))
    if draw(st.integers(0, 9)) == 0:
        return request, draw(JSON)
    body = copy.deepcopy(request.body)
    for place in draw(st.lists(st.sampled_from(leaves(body)), min_size=1, max_size=3, unique=True)):
        body = changed(body, place, draw(JSON))
    if draw(st.booleans()):
        body.pop(draw(st.sampled_from(sorted(body))))
    return request, body


def test_no_body_is_an_outage(scene: Scene) -> None:
    begun = time.monotonic()
    statuses: set[int] = set()

    @settings(
        max_examples=1200,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(bent())
    def try_(case: tuple[Valid, Any]) -> None:
        if time.monotonic() - begun > SECONDS:
            return
        request, body = case
        answer = scene.send(request, body=body)
        statuses.add(answer.status)
        assert answer.status < 500, f"{request.name} {body!r}: {answer.text}"
        assert 201 >= answer.status or answer.headers["Content-Type"] == "application/problem+json"

    try_()

    assert 400 in statuses


HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Cart-Token",
    "Order-Token",
    "Stripe-Signature",
    "aftership-hmac-sha256",
    "X-Hmac-Signature",
    "sign",
    "X-Correlation-Id",
)
# A gateway hands over text of any letters; halves of characters and line breaks never get that far.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60) | st.sampled_from(
    [
        "Bearer x",
        "Bearer a.b.c",
        "application/json; charset=utf-16",
        '"1"',
        "*",
        "t=1,v1=é",
        "t=,v1=",
        "=",
        ",",
    ]
)
PARTS = st.text(
    st.characters(codec="utf-8", exclude_characters="/?#"), min_size=1, max_size=30
) | st.sampled_from(
    [
        "ord_1",
        "PHONES-1",
        "..",
        "%",
        "ord_01JD0000000000000000000000",
        "\x00",
        "stripe",
        "aftership",
        "a" * 3000,
    ]
)
QUERIES = st.dictionaries(
    st.sampled_from(["limit", "cursor", "status", "sku", "from", "to", "merchant", "category", "tag", "x"]),
    st.text(st.characters(codec="utf-8"), max_size=30)
    | st.sampled_from(
        ["1", "24", "101", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+23:59", "paid", "AAAA"]
    ),
    max_size=3,
)


def test_no_path_query_or_header_is_an_outage(scene: Scene) -> None:
    import app

    routes = sorted({(route.method, route.path) for api in app.APIS for route in api.routes})
    begun = time.monotonic()
    statuses: set[int] = set()

    @settings(
        max_examples=800,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(routes),
        st.lists(PARTS, min_size=2, max_size=2),
        QUERIES,
        st.dictionaries(st.sampled_from(HEADERS), WORDS, max_size=3),
        st.sampled_from(["guest", "shopper", "merchant", "operator"]),
    )
    def try_(
        route: tuple[str, str], parts: list[str], query: dict[str, str], headers: dict[str, str], who: str
    ) -> None:
        if time.monotonic() - begun > SECONDS / 3:
            return
        method, path = route
        named = iter(parts)
        path = re.sub(r"\{\w+\}", lambda _: quote(next(named), safe=""), path)
        token = None if "Authorization" in headers else scene.tokens[who]
        body: dict[str, str] | None = None if method in ("GET", "DELETE") else {}
        answer = call(method, f"{path}?{urlencode(query)}", body, token=token, headers=headers)
        statuses.add(answer.status)
        assert answer.status < 500, f"{method} {path} {query} {headers}: {answer.text}"

    try_()

    assert {200, 400, 401, 404} <= statuses
