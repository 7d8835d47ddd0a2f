"""A merchant says over HTTP where its payouts go: checked, sealed, masked, and only in a session that is fresh."""

import json
from datetime import timedelta
from typing import Any

import pytest
from moto.ses.models import ses_backends

from entrepot.cloud import audit, auth, aws, dynamo
from entrepot.kernel.clock import utc_now
from functions.membership.facade import seed_account
from functions.settlement.domain.destinations import Account, Through
from functions.settlement.domain.payouts import PayoutStatus
from functions.settlement.service import destinations, filing, paying
from tests.integration.settlement.books import MILAN, SHENZHEN, Books, completed
from tests.support import pump
from tests.support.http import Answer, call
from tests.support.shop import Merchant, Shop

IBAN = "IT60X0542811101000000123456"
BODY = {"through": "bank", "holder": "Porcellana Srl", "iban": IBAN, "bic": "BPMOIT22XXX"}


def asked(
    method: str, path: str, body: Any = None, role: str = "merchant", merchant: str | None = MILAN
) -> Answer:
    """With a token alone, whose session was never opened here."""
    expires = int((utc_now() + timedelta(minutes=10)).timestamp())
    claims = {"sub": "mbr_1", "sid": "ses_1", "exp": expires, "role": role, "merchant_id": merchant}
    return call(method, path, body, token=auth.sign(claims, auth.ACCESS))


@pytest.fixture
def shop(aws: None) -> Shop:
    return Shop()


def put(shop: Shop, body: Any, currency: str = "EUR") -> Answer:
    return put_of(shop.merchant(), body, currency)


def put_of(seller: Merchant, body: Any, currency: str = "EUR") -> Answer:
    path = f"/v1/merchants/{seller.merchant_id}/payout-destinations/{currency}"
    return call("PUT", path, body, token=seller.token)


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dynamo.call("Scan", TableName=aws.name("settlement"))["Items"]
    return [row for row in found if row["pk"]["S"].startswith("destinations#")]


def test_an_account_is_sealed_where_it_is_kept_and_masked_where_it_is_shown(shop):
    answer = put(shop, BODY)

    assert 200 == answer.status, answer.text
    assert ("bank", "IT****3456", "EUR", None) == (
        answer.json["through"], answer.json["account"], answer.json["currency"], answer.json["stopped"],
    )  # fmt: skip
    (row,) = rows()
    for clear in (IBAN, "Porcellana", "BPMOIT22"):
        assert clear not in json.dumps(row)
        assert clear not in answer.text


def test_a_change_is_written_into_the_audit_log(shop):
    answer = put(shop, BODY)

    entries = audit.links_of_day(utc_now().date(), 50, None).items
    (entry,) = [each for link in entries if (each := audit.entry(link)).action == "destinations.write"]
    assert f"merchant_id={answer.json['merchant_id']}" in entry.things
    assert IBAN not in str(entry)


def letters() -> list[tuple[str, str]]:
    """Deliver what was announced. Returns: to whom, and what about, of every letter so far."""
    pump.pump()
    sent = ses_backends["123456789012"]["eu-central-1"].sent_messages
    assert not [each for each in sent if IBAN in each.body or "{" in each.body]
    return [(each.destinations["ToAddresses"][0], each.subject) for each in sent]


def test_those_who_may_set_it_are_told_and_nobody_else(shop):
    seller = shop.merchant()
    for role in ("merchant_finance", "merchant_catalogue"):
        seed_account(f"{role}@example.com", "correct horse battery", role, seller.merchant_id, utc_now())
    before = letters()

    put_of(seller, BODY)
    put_of(seller, BODY)

    told = letters()[len(before) :]
    subject = "Where your payouts in EUR go has changed"
    assert 2 == len(told)
    assert {subject} == {about for _, about in told}
    assert "merchant_finance@example.com" in {to for to, _ in told}
    assert "merchant_catalogue@example.com" not in {to for to, _ in told}


def test_a_payout_that_came_back_is_told_to_the_merchant(shop):
    seller = shop.merchant(country="IT", currency="EUR", commission="0.1")
    put_of(seller, BODY)
    books = Books()
    books.now = utc_now()
    books.tell(completed(5000, merchant=seller.merchant_id, at=books.now))
    books.run()
    (payout_id,) = books.pay().payouts
    filing.run(books.now)
    before = letters()

    paying.move(payout_id, PayoutStatus.RETURNED, books.now, "AC04")

    assert ["A payout in EUR came back"] == [about for _, about in letters()[len(before) :]]


def test_the_same_account_again_is_the_same_destination(shop):
    seller = shop.merchant()
    path = f"/v1/merchants/{seller.merchant_id}/payout-destinations/EUR"

    ids = {call("PUT", path, BODY, token=seller.token).json["id"] for _ in range(2)}

    assert 1 == len(ids)
    other = call("PUT", path, {"through": "stripe", "account": "acct_1Milan"}, token=seller.token)
    assert other.json["id"] not in ids
    listed = call("GET", path.removesuffix("/EUR"), token=seller.token).json["data"]
    assert ["acct_****ilan"] == [each["account"] for each in listed]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({**BODY, "iban": "IT60X0542811101000000123457"}, "bad_account", "iban"),
        ({**BODY, "bic": "BPMOIT2"}, "bad_account", "bic"),
        ({**BODY, "holder": "景德镇陶瓷"}, "not_in_latin_letters", "holder"),
        ({**BODY, "account": "acct_1"}, "incomplete_account", "account"),
        ({"through": "bank", "iban": IBAN}, "incomplete_account", "holder"),
        ({"through": "stripe"}, "incomplete_account", "account"),
        ({"through": "stripe", "account": "acct_1", "holder": "A"}, "incomplete_account", "holder"),
        (
            {"through": "bank", "holder": "A", "country": "US", "bank_code": "021000088", "account_number": "0001234"},
            "bad_account",
            "bank_code",
        ),
        ({"through": "bank", "holder": "A", "country": "US", "account_number": "1"}, "incomplete_account", "bank_code"),
    ],
)  # fmt: skip
def test_an_account_that_cannot_be_is_refused_and_leaves_no_trace(shop, body, code, field):
    answer = put(shop, body)

    assert (422, code) == (answer.status, answer.code), answer.text
    assert field in answer.text
    assert [] == rows()


TURKISH = {"through": "bank", "holder": "Kutahya", "iban": "TR330006100519786457841326"}
GERMAN = {"through": "bank", "holder": "Anna", "iban": "DE89370400440532013000"}


@pytest.mark.parametrize(
    ("body", "currency", "status"),
    [
        (GERMAN, "EUR", 200),
        (GERMAN, "GBP", 422),
        (TURKISH, "EUR", 422),
        ({**TURKISH, "bic": "TEBUTRISXXX"}, "EUR", 200),
        ({**GERMAN, "bic": "COBADEFFXXX"}, "USD", 200),
    ],
)
def test_an_iban_names_its_bank_by_itself_only_in_euro_within_sepa(shop, body, currency, status):
    answer = put(shop, body, currency)

    assert status == answer.status, answer.text
    if status == 422:
        assert ("incomplete_account", True) == (answer.code, "bic" in answer.text)
        assert [] == rows()


def test_a_country_whose_accounts_we_do_not_know_is_refused(shop):
    body = {"through": "bank", "holder": "A", "country": "DE", "bank_code": "1", "account_number": "1"}

    assert (422, "country_not_supported") == (put(shop, body).status, put(shop, body).code)
    assert (422, "unknown_currency") == (put(shop, BODY, "EUX").status, put(shop, BODY, "EUX").code)


def test_a_session_that_is_not_fresh_may_not_move_money(books):
    answer = asked("PUT", f"/v1/merchants/{MILAN}/payout-destinations/EUR", BODY)

    assert "fresh_sign_in_required" == answer.code
    assert [] == rows()


def test_another_merchants_destinations_are_not_there(books):
    path = f"/v1/merchants/{SHENZHEN}/payout-destinations"

    assert 404 == asked("GET", path).status
    assert 404 == asked("PUT", f"{path}/EUR", BODY).status
    assert 200 == asked("GET", path, role="finance", merchant=None).status


def test_a_statement_shows_how_it_was_paid_and_finance_gets_the_file(books):
    destinations.put(
        MILAN, "EUR", Account(Through.BANK, IBAN, "Porcellana Srl", "IT"), "mbr_owner", books.now
    )
    books.tell(completed(5000, merchant=MILAN))
    books.run()
    (full,) = books.statements(MILAN)
    path = f"/v1/statements/{full.statement.statement_id}"
    assert asked("GET", path).json["payout"] is None
    books.pay()
    (file_id,) = filing.run(books.now)

    payout = asked("GET", path).json["payout"]
    file = asked("GET", f"/v1/payout-files/{file_id}", role="finance", merchant=None).json
    listed = asked("GET", "/v1/payout-files", role="finance", merchant=None).json["data"]

    assert ("sent", "file", "IT****3456", file_id) == (
        payout["status"], payout["way"], payout["destination"], payout["reference"],
    )  # fmt: skip
    assert ("ready", 1, {"amount": 4400, "currency": "EUR"}) == (
        file["status"],
        file["payouts"],
        file["amount"],
    )
    assert f"/files/{file_id}.xml?" in file["url"]
    assert file["link_expires_at"] is not None
    assert [(file_id, None)] == [(each["id"], each["url"]) for each in listed]
    assert 404 == asked("GET", "/v1/payout-files/pof_none", role="finance", merchant=None).status
    assert 403 == asked("GET", f"/v1/payout-files/{file_id}").status
