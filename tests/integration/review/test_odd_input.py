"""Input that nobody sends by mistake: it is refused as what it is, never a 500, and at once."""

import time

import pytest

from entrepot.cloud import wire
from tests.integration.orders.bazaar import Bazaar
from tests.support.http import call


def test_a_body_of_quotes_that_never_end_is_refused_at_once(bazaar: Bazaar) -> None:
    body = b'{"quote_id": "' + b'\\"' * 100_000

    began = time.process_time()
    answer = call("POST", "/v1/carts/crt_1/merge", raw=body, token=bazaar.shopper())

    assert 400 == answer.status
    assert time.process_time() - began < 5  # it took minutes


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        (b'{"a": ["[[[\\"[["]}', 2),
        (b'"[[[', 0),
        (b'"[[\\', 0),
        (b'{"a\\\n[": [', 2),
        (b'[["[', 2),
        (b'""[', 1),
    ],
)
def test_what_stands_in_a_string_is_not_nested(body: bytes, depth: int) -> None:
    assert depth == wire._depth(body)


@pytest.mark.parametrize("given", ["ä" * 64, "0" * 64, "é", " "])
def test_an_order_does_not_open_to_a_token_of_other_letters(bazaar: Bazaar, given: str) -> None:
    placed = bazaar.place({"PHONES-1": 1})

    answer = call("GET", f"/v1/orders/{placed['id']}", headers={"Order-Token": given})

    assert (404, "not_found") == (answer.status, answer.code)


@pytest.mark.parametrize("given", ["9" * 5000, '"' + "1" * 19 + '"', "abc", "*", '"²"'])
def test_an_etag_that_was_never_given_out_is_stale(bazaar: Bazaar, given: str) -> None:
    answer = call(
        "PATCH",
        f"/v1/products/{bazaar.bag}",
        {"title": "X"},
        token=bazaar.milan.token,
        headers={"If-Match": given},
    )

    assert (412, "stale") == (answer.status, answer.code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/orders/{}"),
        ("POST", "/v1/orders/{}/cancel"),
        ("POST", "/v1/orders/{}/pack"),
        ("GET", "/v1/shipments/{}"),
        ("GET", "/v1/carts/{}"),
        ("GET", "/v1/products/{}"),
        ("GET", "/v1/merchants/{}/statements"),
        ("GET", "/v1/statements/{}"),
        ("POST", "/v1/webhooks/carriers/{}"),
    ],
)
@pytest.mark.parametrize("name", ["x" * 3000, "%C3%A4" * 400, "%00", "..", "%F0%9F%98%80", "ord_%20"])
def test_a_name_that_no_key_could_hold_names_nothing(
    bazaar: Bazaar, method: str, path: str, name: str
) -> None:
    body = {"reason": "no"} if path.endswith("cancel") else {} if method == "POST" else None
    for token in (bazaar.operator, bazaar.milan.token):
        answer = call(method, path.format(name), body, token=token, headers=bazaar.key())

        assert answer.status in (403, 404), (answer.status, answer.text)


@pytest.mark.parametrize("raw", [b"\xff", b'{"a": "\xff"}', b'"\xed\xa0\x80"'])
def test_a_body_that_is_no_text_is_malformed(bazaar: Bazaar, raw: bytes) -> None:
    answer = call("POST", "/v1/quotes", raw=raw)

    assert (400, "malformed") == (answer.status, answer.code)
