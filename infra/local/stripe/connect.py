"""Separate charges and transfers: money moved to connected accounts, and back."""

from __future__ import annotations

import re
from typing import Final

from infra.local.stripe.account import Account
from infra.local.stripe.balance import held, moved
from infra.local.stripe.errors import invalid, refused
from infra.local.stripe.forms import Params
from infra.local.stripe.money import check_currency, shown
from infra.local.stripe.serving import Json
from infra.local.stripe.store import Store, now, page

# Any other `acct_...` takes what it is sent. The codes are those of https://docs.stripe.com/error-codes.
REFUSING: Final = {
    "acct_1StandinMissing": (
        "resource_missing",
        "No such destination: 'acct_1StandinMissing'",
    ),
    "acct_1StandinNoTransfers": (
        "insufficient_capabilities_for_transfer",
        "Your destination account needs to have the transfers capability enabled.",
    ),
    "acct_1StandinClosed": (
        "account_closed",
        "The destination account has been closed.",
    ),
}


def create_transfer(account: Account, params: Params) -> Json:
    """`POST /v1/transfers`: from the balance, or from one charge and then never above it."""
    store = account.store
    amount, currency = params.required_whole("amount", least=1), params.required("currency").lower()
    destination, source = params.required("destination"), params.text("source_transaction")
    given = {name: params.text(name) for name in ("transfer_group", "description")}
    metadata = params.strings("metadata")
    params.done()
    check_currency(currency)
    if not re.fullmatch(r"acct_[A-Za-z0-9]+", destination):
        raise invalid(f"No such destination: '{destination}'", "destination", "resource_missing")
    if destination in REFUSING:
        code, message = REFUSING[destination]
        raise refused(message, code, "destination")
    if source is not None:
        charge = store.get("charge", source, "source_transaction")
        given["transfer_group"] = given["transfer_group"] or charge["transfer_group"]
        _check_source(account, charge, amount, currency)
    elif amount > held(store, currency):
        raise refused("You have insufficient available funds in your Stripe account.", "balance_insufficient")
    more = {"destination": destination, "source_transaction": source, "metadata": metadata, **given}
    transfer = store.add(_new_transfer(store, amount, currency, more))
    account.publish("transfer.created", transfer)
    return transfer


def _new_transfer(store: Store, amount: int, currency: str, given: Json) -> Json:
    identifier = store.new_id("transfer")
    url = f"/v1/transfers/{identifier}/reversals"
    return {
        "id": identifier,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": moved(store, "transfer", -amount, currency, identifier)["id"],
        "created": now(),
        "currency": currency,
        "destination_payment": f"py_{identifier[3:]}",
        "livemode": False,
        "reversals": {"object": "list", "data": [], "has_more": False, "url": url},
        "reversed": False,
        "source_type": "card",
        **given,
    }


def create_reversal(account: Account, params: Params, identifier: str) -> Json:
    """`POST /v1/transfers/{id}/reversals`: of all that is left unless an amount is given."""
    store = account.store
    transfer = store.get("transfer", identifier)
    amount, metadata = params.whole("amount", least=1), params.strings("metadata")
    params.ignored("description", "refund_application_fee")
    params.done()
    left = transfer["amount"] - transfer["amount_reversed"]
    currency = transfer["currency"]
    if left == 0:
        raise refused(f"Transfer {identifier} is already fully reversed.")
    if amount is not None and amount > left:
        raise refused(
            f"Transfer reversal amount ({shown(amount, currency)}) is greater than unreversed amount on"
            f" transfer ({shown(left, currency)})",
            param="amount",
        )
    reversal_id = store.new_id("transfer_reversal")
    amount = left if amount is None else amount
    reversal = store.add(
        {
            "id": reversal_id,
            "object": "transfer_reversal",
            "amount": amount,
            "balance_transaction": moved(store, "transfer_refund", amount, currency, reversal_id)["id"],
            "created": now(),
            "currency": currency,
            "destination_payment_refund": f"pyr_{reversal_id[4:]}",
            "metadata": metadata,
            "source_refund": None,
            "transfer": identifier,
        }
    )
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    account.publish("transfer.reversed", transfer)
    return reversal


def reversals(account: Account, params: Params, identifier: str) -> Json:
    """`GET /v1/transfers/{id}/reversals`."""
    transfer = account.store.get("transfer", identifier)
    things = account.store.newest("transfer_reversal", transfer=identifier)
    return page(things, params, transfer["reversals"]["url"])


def _check_source(account: Account, charge: Json, amount: int, currency: str) -> None:
    if charge["currency"] != currency:
        raise refused(
            "The currency of source_transaction does not match that of the transfer.", param="currency"
        )
    taken = sum(
        transfer["amount"] - transfer["amount_reversed"]
        for transfer in account.store.newest("transfer", source_transaction=charge["id"])
    )
    if amount > charge["amount_captured"] - taken:
        raise refused(
            "The transfers of a source_transaction cannot exceed the captured amount of that charge.",
            param="amount",
        )
