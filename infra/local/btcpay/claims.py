"""Pull payments, by which money goes back: a limit, and payouts that its receiver asks for."""

from __future__ import annotations

from decimal import Decimal

from infra.local.btcpay import invoices
from infra.local.btcpay.store import Misuse, Store, now, random_word
from infra.local.stripe.serving import Json


def refund(store: Store, invoice: Json, given: Json) -> Json:
    """`POST invoices/{id}/refund`, of the variant "Custom". Raises: Misuse."""
    came = invoices.came(invoice) > 0
    if invoice["status"] not in ("Settled", "Invalid") and not (invoice["status"] == "Expired" and came):
        raise Misuse(400, "non-refundable", "Cannot refund this invoice")
    if given.get("refundVariant") != "Custom":
        raise Misuse(422, "", "The stand-in knows Custom alone", path="RefundVariant")
    if given.get("payoutMethodId") not in (invoice["checkout"].get("paymentMethods") or ["BTC-CHAIN"]):
        raise Misuse(
            422, "", "Please select one of the payment methods of the invoice", path="PayoutMethodId"
        )
    amount = invoices.decimal(given.get("customAmount"), "CustomAmount")
    pull: Json = {
        "id": random_word(),
        "name": given.get("name") or f"Refund {invoice['id']}",
        "description": given.get("description"),
        "currency": given.get("customCurrency"),
        "amount": str(amount),
        "autoApproveClaims": False,
        "archived": False,
        "startsAt": now(),
        "expiresAt": None,
    }
    pull["viewLink"] = f"{store.url()}/pull-payments/{pull['id']}"
    store.pulls[pull["id"]] = pull
    return pull


def found(store: Store, identifier: str) -> Json:
    """Raises: Misuse."""
    if identifier not in store.pulls:
        raise Misuse(404, "pullpayment-not-found", "The pull payment was not found")
    return store.pulls[identifier]


def payouts(store: Store, identifier: str) -> list[Json]:
    """`GET pull-payments/{id}/payouts`: those that were not cancelled. Raises: Misuse."""
    found(store, identifier)
    mine = [each for each in store.payouts.values() if each["pullPaymentId"] == identifier]
    return [each for each in mine if each["state"] != "Cancelled"]


def claim(store: Store, pull: Json, share: Decimal, *, paid: bool) -> Json:
    """Its receiver asks for a part. Raises: Misuse."""
    if pull["archived"]:
        raise Misuse(400, "archived", "You cannot claim a payout of an archived pull payment")
    amount = (Decimal(pull["amount"]) * share).quantize(Decimal(pull["amount"]))
    if amount + sum(Decimal(each["originalAmount"]) for each in payouts(store, pull["id"])) > Decimal(
        pull["amount"]
    ):
        raise Misuse(400, "overdraft", "More than the pull payment's amount")
    payout: Json = {
        "id": random_word(),
        "pullPaymentId": pull["id"],
        "date": now(),
        "destination": "bcrt1qreceiver",
        "originalCurrency": pull["currency"],
        "originalAmount": str(amount),
        "payoutCurrency": "BTC",
        "payoutAmount": None,
        "payoutMethodId": "BTC-CHAIN",
        "state": "AwaitingApproval",
    }
    store.payouts[payout["id"]] = payout
    return finish(payout, "paid") if paid else payout


def finish(payout: Json, outcome: str) -> Json:
    payout["state"] = {"started": "InProgress", "paid": "Completed", "cancelled": "Cancelled"}[outcome]
    return payout


def archive(store: Store, pull: Json) -> Json:
    """Nobody may ask any more; what was asked for and is not on its way yet is cancelled."""
    pull["archived"] = True
    for payout in payouts(store, pull["id"]):
        if payout["state"] not in ("InProgress", "Completed"):
            finish(payout, "cancelled")
    return pull
