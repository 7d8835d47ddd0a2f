"""A member of whom all is kept that can be: how she lives, is reached and pays, and what others wrote of her."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from entrepot.cloud import aws, seal
from entrepot.kernel.clock import utc_now
from functions.membership import facade as membership
from functions.membership.service import codes
from functions.orders.service import clock
from functions.payments import customers
from infra.estate import TABLES
from infra.local.carriers.payloads import Parcel, Scan, webhook
from tests.integration.orders.bazaar import IMPORTER, SHANGHAI, Bazaar
from tests.support import memory, pump
from tests.support.aws import SECRETS
from tests.support.http import Answer, call
from tests.support.shop import BERLIN

EMAIL, PASSWORD = "anna.leaves@posteo.example", "correct horse battery staple"
PHONE = "+4915123456789"
HOME = {
    **BERLIN,
    "name": "Annabella Lindqvist",
    "line1": "Lindenallee 77",
    "line2": "Hinterhaus",
    "phone": PHONE,
}
CONTACT = {"name": "Annabella Lindqvist", "email": EMAIL, "phone": PHONE}
SECRETS_OF_HERS = (
    EMAIL,
    PHONE,
    "Annabella",
    "Lindqvist",
    "Lindenallee",
    "Hinterhaus",
    "Lindwurm",
    "Annabella's-phone",
    str(IMPORTER["number"]),
    str(IMPORTER["name"]),
    str(SHANGHAI["line1"]),
)


@dataclass
class Anna:
    member_id: str
    token: str
    orders: list[Any]
    sealed: dict[str, str] = field(default_factory=dict)
    """Every sealed text of the stage, with what it opens to."""

    def erase(self, **body: Any) -> Answer:
        return call("POST", "/v1/me/erasure", body, token=self.token)


def known_everywhere(bazaar: Bazaar, patch: pytest.MonkeyPatch) -> Anna:
    """She registers, fills her book, cart and quote, buys twice, gets her parcels and some money back."""
    sealed = _watched(patch)
    member_id = membership.seed_account(EMAIL, PASSWORD, "shopper", None, utc_now())
    token = signed_in()
    _reached_by_phone(token)
    me = call("GET", "/v1/me", token=token)
    call("PATCH", "/v1/me", {"nickname": "Lindwurm"}, token=token, headers={"If-Match": me.headers["ETag"]})
    assert 201 == call("POST", "/v1/me/addresses", HOME, token=token).status
    assert 201 == call("POST", "/v1/me/totp", {}, token=token).status
    orders = [_bought(bazaar, token), _bought_in_china(bazaar, token)]
    _returned_in_part(bazaar, orders[0])
    clock.run(utc_now() + timedelta(days=15))
    cart = call("POST", "/v1/carts", token=token).json
    assert 200 == call("PUT", f"/v1/carts/{cart['id']}/lines/BAG-1", {"quantity": 1}, token=token).status
    bazaar.quote({"PHONES-1": 1}, ship_to=HOME, token=token)
    bazaar.settle_events()
    return Anna(member_id, token, orders, sealed)


def with_card(bazaar: Bazaar, anna: Anna) -> None:
    """The provider keeps a card of hers."""
    customer = customers.ensured(anna.member_id, utc_now())
    bazaar.provider._request("POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": customer})


def kept() -> dict[str, list[str]]:
    """Every item of every table and every object of the bucket, as text."""
    found = {
        table.name: [memory.readable(item) for item in memory.current().rows(table.name)] for table in TABLES
    }
    client, found["bucket"] = aws.client("s3"), []
    for bucket in (aws.name("exports"), aws.name("papers")):
        for each in client.list_objects_v2(Bucket=bucket).get("Contents", []):
            body = client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
            found["bucket"].append(body.decode(errors="replace"))
    return found


def traces(anna: Anna) -> list[tuple[str, str]]:
    """Where something of hers stands, in clear or sealed: the table and what it is."""
    hers = {text: value for text, value in anna.sealed.items() if _is_hers(value)}
    found = []
    for table, items in kept().items():
        for item in items:
            found += [(table, secret) for secret in SECRETS_OF_HERS if secret in item]
            found += [(table, value) for text, value in hers.items() if text in item]
    return found


def _is_hers(value: str) -> bool:
    return any(secret in value for secret in SECRETS_OF_HERS)


def _watched(patch: pytest.MonkeyPatch) -> dict[str, str]:
    known: dict[str, str] = {}
    original = seal.sealed

    def sealed(value: Any, purpose: str, record: str = "") -> str:
        text = original(value, purpose, record)
        known[text] = json.dumps(value, ensure_ascii=False)
        return text

    patch.setattr(seal, "sealed", sealed)
    return known


def signed_in(address: str = EMAIL) -> str:
    """A fresh session, by the time of the edge."""
    if address != EMAIL:
        membership.seed_account(address, PASSWORD, "shopper", None, utc_now())
    body = {"email": address, "password": PASSWORD}
    answer = call("POST", "/v1/sessions", body, headers={"User-Agent": "Annabella's-phone"})
    assert 201 == answer.status, answer.text
    return str(answer.json["access_token"])


def _reached_by_phone(token: str) -> None:
    assert 202 == call("POST", "/v1/me/contacts", {"phone": PHONE}, token=token).status
    (event,) = [e for e in pump.events() if e["event"] == "membership.code_requested"]
    code = codes.derived(event["event_id"])
    assert 200 == call("POST", "/v1/me/contacts/verify", {"code": code}, token=token).status


def _bought(bazaar: Bazaar, token: str) -> Any:
    placed = _placed(bazaar, bazaar.quote({"PHONES-1": 2}, ship_to=HOME, token=token), token)
    _delivered(bazaar, placed, "PHONES-1", 2, "YT0000000001")
    return placed


def _bought_in_china(bazaar: Bazaar, token: str) -> Any:
    there = {"ship_to": SHANGHAI, "currency": "CNY", "importer_identity": IMPORTER}
    placed = _placed(bazaar, bazaar.quote({"SHIRT-1": 1}, token=token, **there), token)
    _delivered(bazaar, placed, "SHIRT-1", 1, "YT0000000002")
    return placed


def _placed(bazaar: Bazaar, quote: Any, token: str) -> Any:
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": CONTACT,
        "payment": {"method": "card"},
    }
    answer = call("POST", "/v1/orders", body, token=token, headers=bazaar.key())
    assert 201 == answer.status, answer.text
    bazaar.pay(answer.json)
    return answer.json


def _delivered(bazaar: Bazaar, placed: Any, sku: str, units: int, number: str) -> None:
    shipment = bazaar.ship(bazaar.shenzhen, placed, {sku: units}, number)
    scanned(bazaar, shipment, "delivered", "Handed to Annabella Lindqvist, Lindenallee 77")


def scanned(bazaar: Bazaar, shipment: Any, status: str, words: str, later: int = 1) -> None:
    """A scan whose words name her."""
    now = bazaar.clock.now()
    scans = [Scan(now + timedelta(minutes=later), status, words, "Lindenallee, Berlin")]
    parcel = Parcel(shipment["carrier"], shipment["tracking_number"])
    signed = webhook("aftership", parcel, scans, SECRETS["aftership_secret"], now)
    answer = call("POST", "/v1/webhooks/carriers/aftership", raw=signed.body, headers=dict(signed.headers))
    assert 200 == answer.status, answer.text
    bazaar.settle_events()


def _returned_in_part(bazaar: Bazaar, placed: Any) -> None:
    words = "Annabella Lindqvist says that one is scratched"
    answer = bazaar.refund(placed, bazaar.shenzhen.token, lines={"PHONES-1": 1}, reason=words)
    assert 201 == answer.status, answer.text
    bazaar.hear()
