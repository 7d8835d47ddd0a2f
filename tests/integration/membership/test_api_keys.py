"""API keys of a merchant's machines."""

import base64
from typing import Any

import pytest

from entrepot.cloud import aws, dynamo
from tests.integration.membership.conftest import House
from tests.integration.membership.test_oauth_client import form_call
from tests.support.http import Answer, call

OURS, THEIRS = "mrc_1", "mrc_2"


@pytest.fixture
def owner(house: House) -> str:
    house.merchant(OURS)
    house.merchant(THEIRS, "Another Ltd")
    house.account("owner@example.com", "merchant", OURS)
    return house.token("owner@example.com")


def made(owner: str, merchant_id: str = OURS, **more: Any) -> Answer:
    body = {"name": "ERP", "scopes": ["warehouses.read", "orders.list"], **more}
    return call("POST", f"/v1/merchants/{merchant_id}/keys", body, token=owner)


def test_a_key_is_shown_once_and_opens_what_its_scopes_name(owner):
    answer = made(owner)
    key = answer.json["key"]

    assert 201 == answer.status
    assert 200 == call("GET", "/v1/warehouses", token=key).status
    assert (403, "insufficient_scope") == refusal(call("GET", "/v1/stock/X-1", token=key))
    assert (403, "forbidden") == refusal(call("GET", "/v1/ledger/trial-balance", token=key))
    (listed,) = call("GET", f"/v1/merchants/{OURS}/keys", token=owner).json["data"]
    secret = key.rpartition(".")[2]
    assert secret not in str(listed)
    assert not [row for row in everything() if secret in row]


def test_its_use_is_noted_once_a_minute(house, owner):
    key = made(owner).json["key"]
    writes: list[str] = []

    def watch(operation: str, arguments: Any, answer: Any) -> None:
        writes.append(operation)

    dynamo.observers.append(watch)
    for seconds in (0, 20, 39, 2, 30):
        house.pass_time(seconds=seconds)
        assert 200 == call("GET", "/v1/warehouses", token=key).status
    dynamo.observers.remove(watch)
    owner = house.token("owner@example.com")
    (listed,) = call("GET", f"/v1/merchants/{OURS}/keys", token=owner).json["data"]

    assert 2 == sum(operation in ("UpdateItem", "TransactWriteItems") for operation in writes)
    assert listed["last_used_at"] is not None


def test_a_revoked_or_expired_key_opens_nothing(house, owner):
    revoked, expiring = made(owner).json, made(owner, expires_in_days=1).json
    path = f"/v1/merchants/{OURS}/keys/{revoked['id']}"
    assert [204, 204] == [call("DELETE", path, token=owner).status for _ in range(2)]
    house.pass_time(days=1)

    answers = [call("GET", "/v1/warehouses", token=each["key"]) for each in (revoked, expiring)]

    assert {(401, "invalid_token")} == {refusal(answer) for answer in answers}


def test_an_invented_key_opens_nothing(owner):
    invented = ("ek.", "ek.mrc_1.key_1.x", "ek.x", "ek.mrc_1.key_1", "ek.member#1.key_1.x", "ek." + "." * 50)

    answers = [call("GET", "/v1/warehouses", token=wrong) for wrong in invented]

    assert {(401, "invalid_token")} == {refusal(answer) for answer in answers}


def test_a_key_of_one_merchant_is_no_business_of_another(owner):
    ours = made(owner).json["id"]

    assert 404 == made(owner, THEIRS).status
    assert 404 == call("GET", f"/v1/merchants/{THEIRS}/keys", token=owner).status
    assert 404 == call("DELETE", f"/v1/merchants/{THEIRS}/keys/{ours}", token=owner).status
    assert (400, "unknown_scope") == refusal(made(owner, scopes=["merchants.staff"]))


def test_who_has_signed_out_makes_no_key_with_the_token_that_is_left(owner):
    assert 204 == call("DELETE", "/v1/sessions/current", token=owner).status

    assert (401, "invalid_token") == refusal(made(owner))
    assert [] == call("GET", f"/v1/merchants/{OURS}/keys", token=owner).json["data"]


def test_a_key_serves_as_client_credentials(owner):
    key = made(owner).json
    secret = key["key"].rpartition(".")[2]
    basic = base64.b64encode(f"{key['client_id']}:{secret}".encode()).decode()

    def asked(**form: str) -> Answer:
        return form_call(
            "/v1/oauth/token", {"grant_type": "client_credentials", **form}, Authorization=f"Basic {basic}"
        )

    token = asked(scope="warehouses.read").json
    assert ("warehouses.read", False) == (token["scope"], "refresh_token" in token)
    assert 200 == call("GET", "/v1/warehouses", token=token["access_token"]).status
    assert 403 == call("GET", "/v1/orders", token=token["access_token"]).status
    assert (400, "invalid_scope") == (
        asked(scope="stock.write").status,
        asked(scope="stock.write").json["error"],
    )


def refusal(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def everything() -> list[str]:
    return [str(item) for item in dynamo.call("Scan", TableName=aws.name("membership"))["Items"]]
