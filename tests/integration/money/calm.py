"""After the storm: everything that was on its way arrives, everybody does their work, and the books are closed.

Then the ledger must say what Stripe and the bank say, every order, payment, refund, statement and payout must be at
rest, and what is not must be a person's work.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from tests.integration.money.auditor import OPEN, Auditor
from tests.integration.money.market import Market, schedules
from tests.support.documents import document

_WAITS: Final = (
    *(timedelta(minutes=2),) * 4,
    *(timedelta(hours=1),) * 3,
    *(timedelta(hours=5),) * 3,
    *(timedelta(days=1),) * 8,
    *(timedelta(days=7),) * 6,
)
"""Longer than any authorisation, transfer, return window or reserve lasts."""

_MOST_ROUNDS: Final = 60
ENDS: Final = ("completed", "cancelled", "expired", "returned")
"""In what an order ends."""


def let_calm(market: Market) -> list[str]:
    """Nothing goes wrong any more. Returns: what never comes to rest."""
    for wait in _WAITS:
        market.told.append(f"calm · {wait}")
        _work_of_people(market)
        market.stage.time.moment += wait
        for name in schedules():
            market.scheduled(name)
        if stuck := _all_heard(market):
            return stuck
    return []


def findings(market: Market, auditor: Auditor) -> Iterator[str]:
    """What is wrong with how it ended."""
    yield from _at_rest(market)
    yield from _provider(market, auditor)
    yield from _bank(market, auditor)
    yield from _orders(market, auditor)
    yield from _settlement(market, auditor)


def _work_of_people(market: Market) -> None:
    """Parcels are shipped and arrive, banks decide, transfers go back, payouts leave."""
    for asked in [market.unanswered.pop() for _ in range(len(market.unanswered))]:
        market.repeated(asked)
    _banks_decide(market)
    for order in market.orders:
        _fulfilled(market, order)
    if entries := [market.sent_back(work) for work in market.returns()]:
        market.imported(entries)
    for merchant in (market.bazaar.shenzhen, market.bazaar.milan):
        path = f"/v1/merchants/{merchant.merchant_id}/payout-hold"
        market.asked("let go", "DELETE", path, token=market.bazaar.operator)
    for payout in market.documents("settlement", "payout"):
        if payout["status"] in ("created", "sent"):
            market.payout_moves(payout["payout_id"], "sent" if payout["status"] == "created" else "paid")


def _banks_decide(market: Market) -> None:
    for refund in market.stripe.things("refund"):
        if refund["status"] == "pending":
            market.stripe.tried(f"refunds/{refund['id']}/finish", outcome="succeed")
    for dispute in market.stripe.things("dispute"):
        if dispute["status"] not in ("won", "lost"):
            market.stripe.tried(f"disputes/{dispute['id']}/close", outcome="lost")


def _fulfilled(market: Market, order: dict[str, Any]) -> None:
    seen = market.bazaar.order(order)
    for line in seen["lines"]:
        left = line["quantity"] - line["cancelled"] - line["shipped"]
        if left and seen["status"] not in ("awaiting_payment", "cancelled", "expired"):
            market.shipped(order, {line["sku"]: left})
    for parcel in seen["shipments"]:
        if parcel["status"] != "delivered":
            market.scanned(parcel, "delivered")


def _all_heard(market: Market) -> list[str]:
    """Every webhook that is not lost, every event, every message, until nothing moves. Returns: what is never taken."""
    for _ in range(_MOST_ROUNDS):
        webhooks, rows = market._untold(), market.unsent()
        for event in webhooks:
            market.hear(event)
        for row in rows:
            market.relayed(row)
        refused = [
            f"{queue} never takes {body[:300]}"
            for queue in market.waiting()
            for body in list(market.stage.queues.waiting[queue])
            if not market.delivered(queue, body)
        ]
        if not webhooks and not rows and not market.waiting():
            return []
    return refused or ["the events never end"]


def _at_rest(market: Market) -> Iterator[str]:
    yield from _payments_at_rest(market)
    yield from _settlement_at_rest(market)
    for row in market.stage.store.rows("orders"):
        if row["sk"]["S"] == "order" and row["status"]["S"] not in ENDS and not _without_money(market, row):
            yield f"{row['pk']['S']} is {row['status']['S']}"
    for work in market.works():
        if work["kind"] == "return":
            yield f"{work['item_id']} was never sent back"


def _without_money(market: Market, row: Any) -> bool:
    """Whether an order waits because its authorisation ended before anything was taken: nothing of it is settled."""
    payment_id = document(row, "document")["payment_id"]
    payments = {each["payment_id"]: each for each in market.documents("payments", "payment")}
    payment = payments[payment_id]
    return bool(payment["authorised"] and payment["cancelled"] and not payment["captured"])


def _payments_at_rest(market: Market) -> Iterator[str]:
    for payment in market.documents("payments", "payment"):
        if not payment["captured"] and not payment["cancelled"]:
            yield f"{payment['payment_id']} is neither paid nor cancelled: {payment['word']}"
        for refund in payment["refunds"]:
            if refund["status"] in OPEN:
                yield f"{refund['refund_id']} of {payment['payment_id']} is {refund['status']}"
    for intent in market.stripe.things("payment_intent"):
        if intent["id"] in market.handed_out and intent["status"] not in ("succeeded", "canceled"):
            yield f"{intent['id']} can still be paid: {intent['status']}"


def _settlement_at_rest(market: Market) -> Iterator[str]:
    for statement in market.documents("settlement", "statement"):
        if statement["status"] != "issued":
            yield f"{statement['statement_id']} was never issued"
    for payout in market.documents("settlement", "payout"):
        if payout["status"] not in ("paid", "returned"):
            yield f"{payout['payout_id']} is {payout['status']}"
    for row in market.stage.store.rows("settlement"):
        if row["pk"]["S"].startswith(("pending#", "unpaid#")):
            yield f"{row['pk']['S']} {row['sk']['S']} was left"


def _provider(market: Market, auditor: Auditor) -> Iterator[str]:
    """What the ledger says that Stripe holds for us is what Stripe holds."""
    for currency in _currencies(auditor):
        held, said = market.stripe.held(currency), auditor.balance("psp:stripe", currency)
        if held != said:
            yield f"Stripe holds {held} {currency}, the ledger says {said}"


def _bank(market: Market, auditor: Auditor) -> Iterator[str]:
    """What the ledger says that is in the bank is what the statements told, each line once."""
    told: Counter[str] = Counter()
    for number, (amount, currency) in market.booked.items():
        if any(number in entry for statement in market.statements for entry in statement):
            told[currency] += amount
    for currency in _currencies(auditor):
        said = auditor.balance("psp:bank", currency)
        if told[currency] != said:
            yield f"the bank told of {told[currency]} {currency}, the ledger says {said}"


def _orders(market: Market, auditor: Auditor) -> Iterator[str]:
    """7: what buyers have paid and not got back is what the shares of their order brought to others."""
    kept: Counter[str] = Counter()
    for payment in market.documents("payments", "payment"):
        back = sum(each["amount"] for each in payment["refunds"] if each["status"] == "succeeded")
        kept[payment["order_id"]] += payment["captured"] - back
    brought: Counter[str] = Counter()
    for fact, entry in auditor.entries.items():
        kind, _, rest = fact.partition(":")
        if kind in ("share", "share-refund"):
            order_id = (
                rest.partition(":")[0] if kind == "share" else _order_of(market, rest.partition(":")[0])
            )
            brought[order_id] -= sum(
                one["credit"] - one["debit"]
                for one in entry["postings"]
                if one["account"] == "customer_funds"
            )
    for order_id in kept.keys() | brought.keys():
        failed, left = _failed(market, order_id), kept[order_id] - brought[order_id]
        if not 0 <= left <= failed:
            yield f"7: {kept[order_id]} of {order_id} was kept, {brought[order_id]} went on, {failed} never got back"


def _settlement(market: Market, auditor: Auditor) -> Iterator[str]:
    """12: what is owed to merchants is what they owe us, carried on; nothing is under way."""
    carried: Counter[tuple[str, str]] = Counter()
    for account in market.documents("settlement", "account"):
        for currency, owed in (account["carried"] or {}).items():
            carried[f"merchant_payable:{account['merchant_id']}", currency] += owed
    for account, currency in list(auditor.sums):
        owed = -auditor.balance(account, currency)
        if account.startswith("merchant_payable:") and owed != carried[account, currency]:
            yield f"12: {owed} {currency} is owed on {account}, {carried[account, currency]} carried on"
        if account.startswith(("payouts_in_transit", "disputed_funds", "merchant_reserve")) and owed:
            yield f"12: {owed} {currency} is left on {account}"


def _currencies(auditor: Auditor) -> list[str]:
    return sorted({currency for _, currency in auditor.sums})


def _order_of(market: Market, refund_id: str) -> str:
    for payment in market.documents("payments", "payment"):
        if any(each["refund_id"] == refund_id for each in payment["refunds"]):
            return str(payment["order_id"])
    raise AssertionError(f"{refund_id} is nobody's")


def _failed(market: Market, order_id: str) -> int:
    """What was to go back to the buyer of an order and did not: it stays with us until a person decides."""
    found: Any = [each for each in market.documents("payments", "payment") if each["order_id"] == order_id]
    return sum(r["amount"] for each in found for r in each["refunds"] if r["status"] == "failed")
