"""After the door: the order completes, merchants get their statements, the books balance."""

from collections.abc import Mapping
from typing import Any

from entrepot.kernel.money import Money
from infra.local.story.buying import Sale, Seller
from infra.local.story.paper import minor, moment, money, percent
from infra.local.story.telling import Teller


def settle(teller: Teller, sale: Sale) -> None:
    """The order completes, and each merchant has a statement of it. Raises: StoryFailed, Unanswered."""
    paper = teller.paper
    paper.chapter("Completion and settlement: what each merchant is paid, and why")
    teller.until(
        f"{sale.order_id} is completed",
        lambda: _completed(teller, sale),
        act=lambda: teller.invoke("orders-due"),
    )
    paper.call(
        "invoke orders-due", "the order is completed", "by itself each minute, 0 days after delivery here"
    )
    statements = teller.until(
        "both merchants have a statement with this order",
        lambda: _statements(teller, sale),
        act=lambda: teller.invoke("settlement-run"),
    )
    paper.call("invoke settlement-run", f"{len(statements)} statements", "by itself once a day")
    for seller, statement_id in zip(sale.sellers, statements, strict=True):
        paper.space()
        statement = teller.call("GET", f"/v1/statements/{statement_id}", token=seller.token, note=seller.name)
        _show(teller, sale, statement)


def _completed(teller: Teller, sale: Sale) -> bool | None:
    order = teller.look(f"/v1/orders/{sale.order_id}", sale.shopper)
    return True if order["status"] == "completed" else None


def _statements(teller: Teller, sale: Sale) -> list[str] | None:
    found = [_statement(teller, sale, seller) for seller in sale.sellers]
    named = [statement_id for statement_id in found if statement_id is not None]
    return named if len(named) == len(found) else None


def _statement(teller: Teller, sale: Sale, seller: Seller) -> str | None:
    """The newest statement of a merchant that settles this order."""
    listed = teller.look(f"/v1/merchants/{seller.merchant_id}/statements?limit=5", seller.token)["data"]
    for summary in listed:
        statement = teller.look(f"/v1/statements/{summary['id']}", seller.token)
        if any(line["order_id"] == sale.order_id for line in statement["lines"]):
            return str(summary["id"])
    return None


def _show(teller: Teller, sale: Sale, statement: Mapping[str, Any]) -> None:
    paper = teller.paper
    fixed = statement["payment_fee_fixed"]
    paper.say(
        f"Statement {statement['number']} in {statement['currency']}:"
        f" commission {percent(statement['commission_rate_basis_points'])} of the goods,"
        f" payment fee {percent(statement['payment_fee_basis_points'])} of what was paid + {money(fixed)};"
        f" rates of {statement['rates_on']} ({statement['rates_source']})."
    )
    for line in (line for line in statement["lines"] if line["order_id"] == sale.order_id):
        paper.table(_line(line), "lrl")
    totals = statement["totals"]
    parts = totals["gross"]["amount"] - totals["commission"]["amount"] - totals["payment_fees"]["amount"]
    teller.require(parts == totals["net"]["amount"], "gross less commission and fees is the net")
    named = {
        entry for line in statement["lines"] if line["order_id"] == sale.order_id for entry in line["entries"]
    }
    paper.table(
        [
            (
                entry["rule"] if number == 0 else "",
                _short(posting["account"]),
                minor(posting["debit"], posting["currency"]),
                minor(posting["credit"], posting["currency"]),
            )
            for entry in statement["entries"]
            if entry["id"] in named
            for number, posting in enumerate(entry["postings"])
        ],
        "llrr",
        ("ledger entry", "account", "debit", "credit"),
    )


def _line(line: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    rate = "" if line["amount"] == line["converted"] else f"{money(line['amount'])} at {_rate(line['rate'])}"
    rows = [("goods", money(line["goods"]), "as sold")]
    if line["seller_taxes"]["amount"]:
        rows.append(("taxes", money(line["seller_taxes"]), "that the merchant owes itself"))
    if line["refunded"]["amount"]:
        rows.append(("refunded", money(line["refunded"]), ""))
    if rate:
        rows.append(("converted", money(line["converted"]), rate))
    rows.append(("commission", f"− {money(line['commission'])}", f"on {money(line['commission_base'])}"))
    rows.append(("payment fee", f"− {money(line['payment_fee'])}", f"on {money(line['fee_base'])}"))
    rows.append(("net", money(line["net"]), ""))
    return rows


def _rate(text: str) -> str:
    """A recorded rate without the zeros that it is padded with."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def balance(teller: Teller) -> None:
    """The trial balance, which ends it. Raises: StoryFailed, Unanswered."""
    paper = teller.paper
    paper.chapter("The books: every cent is somewhere, debits equal credits")
    operator = teller.api.sign_in(teller.market.accounts["operator"])
    trial = teller.call("GET", "/v1/ledger/trial-balance", token=operator)
    accounts = [account for account in trial["accounts"] if account["debit"] or account["credit"]]
    rows = [
        (
            _short(account["account"]),
            minor(account["debit"], account["currency"]),
            minor(account["credit"], account["currency"]),
        )
        for account in accounts
    ]
    for currency in sorted({account["currency"] for account in accounts}):
        debit, credit = (
            sum(account[side] for account in accounts if account["currency"] == currency)
            for side in ("debit", "credit")
        )
        rows.append((f"total {currency}", str(Money(debit, currency)), str(Money(credit, currency))))
        teller.require(debit == credit, f"debits equal credits in {currency}")
    paper.table(rows, "lrr", ("account", "debit", "credit"))
    teller.require(trial["balanced"] is True, "the trial balance balances")
    paper.say(f"As of {moment(trial['as_of'])} UTC: balanced.")


def _short(account: str) -> str:
    """An account without the middle of an id, so that it fits."""
    head, colon, part = account.partition(":")
    return f"{head}{colon}{part[:4]}…{part[-12:]}" if len(part) > 20 else account
