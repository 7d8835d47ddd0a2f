"""Whatever JSON is sent to whichever route: a refusal or an answer, never an outage of ours."""

import copy
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.edge.scene import ALL, Scene, Valid, changed, leaves

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
