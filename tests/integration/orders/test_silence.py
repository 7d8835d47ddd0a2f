"""What is printed of a whole path: no name, no address, no token, no secret; and it is lines of JSON."""

import json
from typing import Any

import pytest

from tests.integration.orders.bazaar import IMPORTER, SHANGHAI, Bazaar, as_lines, money
from tests.support.aws import SECRETS
from tests.support.http import call
from tests.support.shop import BERLIN, CONTACT

PASSWORD = "a very secret sentence of hers"
TYPED = "my neighbour Gerda saw it broken"


def test_nothing_of_the_people_nor_of_secrets_is_logged(
    bazaar: Bazaar, capsys: pytest.CaptureFixture[str]
) -> None:
    email = "anna.schmidt.private@example.com"
    secrets = [
        *_sign_up(email),
        *_sell(bazaar),
        *_sell_in_china(bazaar),
        *_fail(bazaar),
        *SECRETS.values(),
        email,
        PASSWORD,
        TYPED,
        CONTACT["email"],
        CONTACT["name"],
        *(BERLIN[name] for name in ("name", "line1", "postal_code")),
        *(SHANGHAI[name] for name in ("name", "line1", "postal_code")),
        IMPORTER["number"],
    ]

    printed = capsys.readouterr()

    lines = printed.out.splitlines()
    assert len(lines) > 40
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert [] == [secret for secret in secrets if secret in printed.out or secret in printed.err]
    # Those that come in JSON's own letters would otherwise pass unseen.
    assert [] == [secret for secret in secrets if json.dumps(secret)[1:-1] in printed.out + printed.err]
    assert "" == printed.err


def _sign_up(email: str) -> list[str]:
    assert 201 == call("POST", "/v1/members", {"email": email, "password": PASSWORD}).status
    for path, body in (
        ("/v1/members/verify", {"email": email, "code": "000000"}),
        ("/v1/sessions", {"email": email, "password": PASSWORD}),
        ("/v1/sessions/refresh", {"refresh_token": "secret.refresh.token"}),
    ):
        assert call("POST", path, body).status in (400, 401, 404, 409, 422)
    return ["secret.refresh.token", PASSWORD, email]


def _sell(bazaar: Bazaar) -> list[str]:
    member = bazaar.shopper()
    cart = call("POST", "/v1/carts").json
    headers = {"Cart-Token": cart["cart_token"]}
    assert (
        200 == call("PUT", f"/v1/carts/{cart['id']}/lines/PHONES-1", {"quantity": 3}, headers=headers).status
    )
    body = {"cart_id": cart["id"], "ship_to": BERLIN, "currency": "EUR"}
    quote = call("POST", "/v1/quotes", body, headers=headers).json
    placed: Any = bazaar.try_place(quote, token=member).json
    bazaar.pay(placed)
    parcel = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})
    bazaar.scan(parcel, "in_transit", "delivered")
    cancel = {"reason": TYPED, "lines": as_lines({"PHONES-1": 1})}
    path = f"/v1/orders/{placed['id']}/cancel"
    assert 200 == call("POST", path, cancel, token=member, headers=bazaar.key()).status
    refund = {"order_id": placed["id"], "amount": money(100), "reason": TYPED}
    assert 201 == call("POST", "/v1/refunds", refund, token=bazaar.operator, headers=bazaar.key()).status
    bazaar.hear()
    bazaar.tick(days=15)
    assert "completed" == bazaar.order(placed)["status"]
    return [
        member,
        cart["cart_token"],
        placed["order_token"],
        placed["payment"]["client_secret"],
        bazaar.operator,
    ]


def _sell_in_china(bazaar: Bazaar) -> list[str]:
    bazaar.stocked("BONDED-1", 10, bazaar.shenzhen, mode="bonded")
    placed = bazaar.place_in_china({"BONDED-1": 1})
    bazaar.tick(minutes=31)
    assert "expired" == bazaar.order(placed)["status"]
    return [str(placed["order_token"])]


def _fail(bazaar: Bazaar) -> list[str]:
    """Refusals and outages, whose messages might quote what was sent."""
    bad = {"quote_id": "quo_1234567", "option_id": "opt_1234567", "contact": {**CONTACT, "phone": 7}}
    assert 400 == call("POST", "/v1/orders", bad, headers=bazaar.key()).status
    assert 401 == call("GET", "/v1/me", token="stolen.token.of-hers").status
    bazaar.fault()
    placed = bazaar.place({"PHONES-1": 1})
    bazaar.heal()
    assert "pending" == placed["payment"]["status"]
    with pytest.MonkeyPatch.context() as patch:
        from functions.orders.service import access

        def broken(order: Any, caller: Any) -> Any:
            from functions.orders.service import people

            raise ValueError(f"{people.contact(order).email} lives in {people.address(order).line1}")

        patch.setattr(access, "sight", broken)
        headers = {"Order-Token": placed["order_token"]}
        answer = call("GET", f"/v1/orders/{placed['id']}", headers=headers)
    assert (500, "internal_error") == (answer.status, answer.code)
    assert CONTACT["email"] not in answer.text
    return ["stolen.token.of-hers", str(placed["order_token"])]
