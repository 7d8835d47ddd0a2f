"""Wrong bodies: a problem document that names the field or the rule, and nothing written."""

from typing import Any

import pytest

from tests.integration.edge.scene import (
    ALL,
    CANCEL,
    CART_LINE,
    MERCHANT,
    MOVEMENT,
    ORDER,
    PACK,
    PATCH,
    PRODUCT,
    QUOTE,
    REFUND,
    REFUND_LINES,
    REGISTER,
    SHIPMENT,
    Scene,
    Valid,
    changed,
    leaves,
    problems,
)

BY_NAME = [pytest.param(request, id=f"{request.name} {number}") for number, request in enumerate(ALL)]


def objects(request: Valid) -> list[str]:
    """The places of unknown fields: beside every known one."""
    beside = {leaf.rpartition(".")[0] for leaf in leaves(request.body) if not leaf.endswith("]")}
    return sorted(f"{place}.surprise".lstrip(".") for place in beside)


@pytest.mark.parametrize("request_", BY_NAME)
def test_an_unknown_field_is_named(scene: Scene, request_: Valid) -> None:
    wrong = []
    for place in objects(request_):
        answer = scene.send(request_, body=changed(request_.body, place, 1))
        # In a map, msgspec names the place of any of its values as `[...]`.
        wrong += problems(answer, "invalid_request", field=place.replace(".de.", "[...]."))

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize("request_", BY_NAME)
def test_a_value_of_another_type_is_named(scene: Scene, request_: Valid) -> None:
    wrong = []
    for place in leaves(request_.body):
        values: tuple[object, ...] = ({"wrong": ["type"]}, [[]], True)
        for value in values:
            answer = scene.send(request_, body=changed(request_.body, place, value))
            wrong += problems(answer, "invalid_request")
            if not answer.json["field"].startswith(place.partition("[")[0].partition(".de")[0]):
                wrong.append(f"{place}: {answer.text}")

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize("request_", BY_NAME)
def test_a_text_of_two_hundred_thousand_characters_fits_nowhere(scene: Scene, request_: Valid) -> None:
    wrong = []
    for place in leaves(request_.body):
        answer = scene.send(request_, body=changed(request_.body, place, "x" * 200_000))
        wrong += problems(answer, "invalid_request")

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        pytest.param(CART_LINE, "quantity", id="cart"),
        pytest.param(QUOTE, "lines[0].quantity", id="quote"),
        pytest.param(CANCEL, "lines[0].quantity", id="cancel"),
        pytest.param(PACK, "lines[0].quantity", id="pack"),
        pytest.param(SHIPMENT, "lines[0].quantity", id="ship"),
        pytest.param(REFUND_LINES, "lines[0].quantity", id="refund"),
    ],
)
def test_a_quantity_is_a_whole_number_from_1_to_999(scene: Scene, request_: Valid, place: str) -> None:
    wrong = []
    for quantity in (0, -1, -999, 1000, 10**30, 1.5, 0.1, "2", None):
        answer = scene.send(request_, body=changed(request_.body, place, quantity))
        wrong += problems(answer, "invalid_request", field=place)

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize("units", [0, -1, 1.5, 10**30, "5"])
def test_a_receipt_is_of_whole_units_above_zero(scene: Scene, units: object) -> None:
    answer = scene.send(MOVEMENT, body=changed(MOVEMENT.body, "units", units))

    scene.assert_refused(answer, "invalid_request", field="units")


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        pytest.param(PRODUCT, "variants[0].price.amount", id="price"),
        pytest.param(REFUND, "amount.amount", id="refund"),
    ],
)
def test_money_is_whole_minor_units(scene: Scene, request_: Valid, place: str) -> None:
    wrong = []
    for amount in (-1, 19.99, 0.5, "1999", 10**14, None, 1e30):
        answer = scene.send(request_, body=changed(request_.body, place, amount))
        wrong += problems(answer, "invalid_request", field=place)

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        pytest.param(QUOTE, "currency", id="quote"),
        pytest.param(PRODUCT, "variants[0].price.currency", id="price"),
        pytest.param(REFUND, "amount.currency", id="refund"),
        pytest.param(MERCHANT, "payout_currency", id="payout"),
    ],
)
def test_a_currency_is_one_of_iso_4217(scene: Scene, request_: Valid, place: str) -> None:
    wrong = []
    for currency in ("XYZ", "EURO", "eur", "", "E€R", 978, None):
        answer = scene.send(request_, body=changed(request_.body, place, currency))
        wrong += problems(answer, 400, 422)
        if not answer.json.get("field") or not place.startswith(answer.json["field"]):
            wrong.append(answer.text)

    assert [] == wrong
    scene.assert_untouched()


def test_a_quote_in_no_currency_of_iso_4217_is_refused_by_name(scene: Scene) -> None:
    answer = scene.send(QUOTE, body={**QUOTE.body, "currency": "XYZ"})

    scene.assert_refused(answer, "unknown_currency", field="currency")
    assert 422 == answer.status


@pytest.mark.parametrize("country", ["XX", "DEU", "de", "", "D1", 49])
def test_a_country_is_one_of_iso_3166(scene: Scene, country: object) -> None:
    answer = scene.send(QUOTE, body=changed(QUOTE.body, "ship_to.country", country))

    scene.assert_refused(answer, 400, 422)


@pytest.mark.parametrize(
    "forged",
    [
        {"price": {"amount": 1, "currency": "EUR"}},
        {"unit_price": {"amount": -5000, "currency": "EUR"}},
        {"total": 1},
        {"merchant_id": "mrc_01JD0000000000000000000002"},
        {"discount": {"amount": 10000, "currency": "EUR"}},
    ],
)
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(QUOTE, id="quote"),
        pytest.param(CANCEL, id="cancel"),
        pytest.param(REFUND_LINES, id="refund"),
    ],
)
def test_a_line_holds_no_price_of_its_buyer(scene: Scene, request_: Valid, forged: dict[str, Any]) -> None:
    line = {**request_.body["lines"][0], **forged}
    answer = scene.send(request_, body={**request_.body, "lines": [line]})

    scene.assert_refused(answer, "invalid_request", field=f"lines[0].{next(iter(forged))}")


@pytest.mark.parametrize(
    "forged", [{"total": {"amount": 1, "currency": "EUR"}}, {"lines": []}, {"status": "paid"}]
)
def test_an_order_takes_its_amounts_from_the_quote(scene: Scene, forged: dict[str, Any]) -> None:
    answer = scene.send(ORDER, body={**ORDER.body, **forged})

    scene.assert_refused(answer, "invalid_request", field=next(iter(forged)))


@pytest.mark.parametrize(
    ("request_", "changes", "field"),
    [
        pytest.param(QUOTE, {"cart_id": "<cart>"}, "cart_id", id="a quote of a cart and of lines"),
        pytest.param(QUOTE, {"lines": None}, "cart_id", id="a quote of neither"),
        pytest.param(QUOTE, {"lines": []}, "lines", id="a quote of no lines"),
        pytest.param(
            REFUND, {"lines": [{"sku": "PHONES-1", "quantity": 1}]}, "amount", id="a refund of both"
        ),
        pytest.param(REFUND, {"amount": None}, "amount", id="a refund of neither"),
        pytest.param(
            REFUND, {"amount": {"amount": 0, "currency": "EUR"}}, "amount.amount", id="a refund of nothing"
        ),
        pytest.param(CANCEL, {"lines": []}, "lines", id="a cancellation of no lines"),
        pytest.param(ORDER, {"payment": {"method": "cash"}}, "payment.method", id="an unknown method"),
        pytest.param(
            ORDER, {"contact": {"name": "Anna", "email": "anna"}}, "contact.email", id="no address of e-mail"
        ),
        pytest.param(PRODUCT, {"hs_code": "85"}, "hs_code", id="a chapter is no HS code"),
        pytest.param(REGISTER, {"email": "a b@example.com"}, "email", id="a blank in an address"),
    ],
)
def test_what_does_not_go_together_is_named(
    scene: Scene, request_: Valid, changes: dict[str, Any], field: str
) -> None:
    answer = scene.send(request_, body={**request_.body, **changes})

    scene.assert_refused(answer, 400, field=field)


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        pytest.param(ORDER, "contact.name", id="contact.name"),
        pytest.param(ORDER, "contact.email", id="contact.email"),
        pytest.param(ORDER, "contact.phone", id="contact.phone"),
        pytest.param(QUOTE, "ship_to.line1", id="ship_to.line1"),
        pytest.param(QUOTE, "ship_to.line2", id="ship_to.line2"),
        pytest.param(QUOTE, "ship_to.postal_code", id="ship_to.postal_code"),
        pytest.param(CANCEL, "reason", id="cancel.reason"),
        pytest.param(REFUND, "reason", id="refund.reason"),
        pytest.param(MERCHANT, "name", id="merchant.name"),
        pytest.param(PRODUCT, "title", id="product.title"),
    ],
)
def test_control_characters_and_lone_surrogates_are_refused(
    scene: Scene, request_: Valid, place: str
) -> None:
    wrong = []
    for text in ("nul \x00 nul", "two\nlines", "\x1b[31mred\x1b[0m", "\x85next"):
        answer = scene.send(request_, body=changed(request_.body, place, text))
        wrong += problems(answer, 400, field=place)
    # Half a character is no text at all, so the body is no JSON in UTF-8.
    wrong += problems(scene.send(request_, body=changed(request_.body, place, "\ud800 alone")), 400)

    assert [] == wrong
    scene.assert_untouched()


@pytest.mark.parametrize(
    "request_",
    [request for request in ALL if request not in (PACK, PATCH)],  # all of their fields may be absent
    ids=lambda request: request.name,
)
def test_a_body_is_needed(scene: Scene, request_: Valid) -> None:
    scene.assert_refused(scene.send(request_, raw=""), "invalid_request")
