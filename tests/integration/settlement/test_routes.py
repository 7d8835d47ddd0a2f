"""Statements and the trial balance over HTTP: one's own, in full, page after page."""

from datetime import timedelta

import pytest

from entrepot.cloud import auth
from entrepot.kernel.clock import utc_now
from functions.settlement.store import ledger as ledger_rows
from tests.integration.settlement.books import MILAN, SHENZHEN, Books, captured, completed
from tests.support.http import Answer, call


@pytest.fixture
def settled(books: Books) -> Books:
    """One sale of each merchant, settled."""
    books.tell(
        captured(13328),
        completed(10000, freight=1200, taxes=[("EU-IOSS", 2128, "platform")]),
        completed(5000, order="ord_2", merchant=MILAN),
    )
    books.run()
    return books


def get(path: str, role: str, merchant_id: str | None = None) -> Answer:
    expires = int((utc_now() + timedelta(minutes=10)).timestamp())
    claims = {"sub": "mbr_1", "sid": "ses_1", "exp": expires, "role": role, "merchant_id": merchant_id}
    return call("GET", path, token=auth.sign(claims, auth.ACCESS))


def statement_id(books: Books, merchant_id: str = SHENZHEN) -> str:
    return books.statements(merchant_id)[0].statement.statement_id


def test_a_merchant_reads_its_statement_line_by_line(settled):
    answer = get(f"/v1/statements/{statement_id(settled)}", "merchant", SHENZHEN)

    assert 200 == answer.status
    shown = answer.json
    assert {
        "gross": {"amount": 75259, "currency": "CNY"},
        "commission": {"amount": 6021, "currency": "CNY"},
        "payment_fees": {"amount": 1693, "currency": "CNY"},
        "logistics_fees": {"amount": 0, "currency": "CNY"},
        "tax_withheld": {"amount": 0, "currency": "CNY"},
        "reserve": {"amount": 0, "currency": "CNY"},
        "net": {"amount": 67545, "currency": "CNY"},
    } == shown["totals"]
    assert (0, 67545, 67545) == (
        shown["opening"]["amount"],
        shown["closing"]["amount"],
        shown["payable"]["amount"],
    )
    assert [{"currency": "EUR", "rate": "7.5259", "reference": "7.5259"}] == shown["rates"]
    assert "2026-10-02" == shown["rates_on"]
    (line,) = shown["lines"]
    assert ("ord_1", "share", {"amount": 10000, "currency": "EUR"}, "7.5259", 67545) == (
        line["order_id"],
        line["kind"],
        line["amount"],
        line["rate"],
        line["net"]["amount"],
    )


def test_each_line_names_entries_that_the_statement_shows_in_balance(settled):
    shown = get(f"/v1/statements/{statement_id(settled)}", "merchant", SHENZHEN).json

    entries = {entry["id"]: entry for entry in shown["entries"]}
    assert set(entries) == {name for line in shown["lines"] for name in line["entries"]}
    assert ["share_completed", "part_settled"] == [entry["rule"] for entry in shown["entries"]]
    owed = 0
    for entry in entries.values():
        for currency in ("EUR", "CNY"):
            of_it = [posting for posting in entry["postings"] if posting["currency"] == currency]
            assert sum(p["debit"] for p in of_it) == sum(p["credit"] for p in of_it)
        for posting in entry["postings"]:
            if (posting["account"], posting["currency"]) == (f"merchant_payable:{SHENZHEN}", "CNY"):
                owed += posting["credit"] - posting["debit"]
    assert shown["totals"]["net"]["amount"] == owed


def test_anothers_statement_is_not_there(settled):
    paths = [f"/v1/statements/{statement_id(settled)}", f"/v1/merchants/{SHENZHEN}/statements"]

    answers = [get(path, "merchant", MILAN) for path in paths]

    assert [(404, "not_found")] * 2 == [(answer.status, answer.code) for answer in answers]


def test_an_operator_reads_every_merchants(settled):
    for merchant_id in (SHENZHEN, MILAN):
        listed = get(f"/v1/merchants/{merchant_id}/statements", "operator")
        assert 200 == get(f"/v1/statements/{statement_id(settled, merchant_id)}", "operator").status
        assert [statement_id(settled, merchant_id)] == [held["id"] for held in listed.json["data"]]


@pytest.mark.parametrize("path", ["/v1/statements/stm_none", "/v1/merchants/mrc_none/statements"])
def test_what_does_not_exist_is_not_there(settled, path):
    answer = get(path, "operator")

    assert (404, "not_found") == (answer.status, answer.code)


def test_a_statement_is_seen_once_it_is_issued(books, monkeypatch):
    books.tell(completed(100), completed(200, order="ord_2"))
    monkeypatch.setattr("functions.settlement.domain.statements.LINES_PER_PART", 1)
    from functions.settlement.service import settling

    opened = settling._step(SHENZHEN, books.now)

    assert opened is not None
    assert 404 == get(f"/v1/statements/{opened.statement_id}", "merchant", SHENZHEN).status
    assert [] == get(f"/v1/merchants/{SHENZHEN}/statements", "merchant", SHENZHEN).json["data"]


def test_statements_are_listed_newest_first_page_after_page(books):
    for number in range(5):
        books.tell(completed(100, order=f"ord_{number}"))
        books.run()
    path, seen = f"/v1/merchants/{SHENZHEN}/statements?limit=2", []

    cursor: str | None = ""
    while cursor is not None:
        page = get(f"{path}{cursor and f'&cursor={cursor}'}", "merchant", SHENZHEN).json
        seen += [held["number"] for held in page["data"]]
        cursor = page["next_cursor"]

    assert [5, 4, 3, 2, 1] == seen


def test_a_cursor_of_another_list_is_refused(books):
    for number in range(2):
        books.tell(completed(100, order=f"ord_{number}"))
        books.run()
    page = get(f"/v1/merchants/{SHENZHEN}/statements?limit=1", "operator").json

    answer = get(f"/v1/merchants/{MILAN}/statements?cursor={page['next_cursor']}", "operator")

    assert (400, "bad_cursor") == (answer.status, answer.code)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "from=2026-01-01"])
def test_a_query_that_is_not_understood_is_refused(settled, query):
    assert 400 == get(f"/v1/merchants/{SHENZHEN}/statements?{query}", "operator").status


def test_the_trial_balance_shows_every_account_on_its_side(settled):
    answer = get("/v1/ledger/trial-balance", "operator")

    assert 200 == answer.status
    assert answer.json["balanced"] is True
    assert {"account": "psp:stripe", "currency": "EUR", "debit": 13328, "credit": 0} in answer.json[
        "accounts"
    ]
    for currency in ("EUR", "CNY"):
        rows = [row for row in answer.json["accounts"] if row["currency"] == currency]
        assert sum(row["debit"] for row in rows) == sum(row["credit"] for row in rows) > 0
    assert answer.json["as_of"].endswith("Z")


def test_the_trial_balance_says_when_it_is_out(settled):
    row = ledger_rows.BalanceRow("balance#0", "customer_funds#EUR")
    row.update(actions=[ledger_rows.BalanceRow.debits.add(1), ledger_rows.BalanceRow.credits.add(0)])

    assert get("/v1/ledger/trial-balance", "operator").json["balanced"] is False


@pytest.mark.parametrize("role", ["shopper", "merchant", "service"])
def test_the_trial_balance_is_the_operators(settled, role):
    merchant_id = SHENZHEN if role == "merchant" else None

    assert 403 == get("/v1/ledger/trial-balance", role, merchant_id).status
