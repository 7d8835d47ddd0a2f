"""Invoices: what is due at a fixed rate, what has come, and what state that puts them in.

The states follow what the server itself does: an invoice that was paid in time is Processing until all is confirmed,
one that expired stays Expired whatever comes, and a person may mark either.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal, InvalidOperation
from typing import Any, Final

from infra.local.btcpay.store import Misuse, Store, now, random_word
from infra.local.stripe.serving import Json

RATE: Final = Decimal(50_000)
METHODS: Final = ("BTC-CHAIN", "BTC-LN", "BTC-LNURL")
_SATOSHI: Final = Decimal("0.00000001")
_CURRENCIES: Final = 3  # letters of a currency that it has a rate for


def create(store: Store, given: Json) -> Json:
    """`POST invoices`. Raises: Misuse."""
    amount = decimal(given.get("amount"), "amount")
    currency = given.get("currency")
    if not isinstance(currency, str) or len(currency) != _CURRENCIES:
        raise Misuse(422, "", "Invalid currency", path="currency")
    checkout = given.get("checkout") or {}
    for place, method in enumerate(checkout.get("paymentMethods") or ()):
        if method not in METHODS:
            raise Misuse(422, "", "Invalid PaymentMethodId", path=f"checkout.paymentMethods[{place}]")
    identifier, created = random_word(), now()
    expires = created + 60 * int(checkout.get("expirationMinutes") or 15)
    invoice: Json = {
        "id": identifier,
        "storeId": store.store_id,
        "amount": str(amount),
        "currency": currency.upper(),
        "type": "Standard",
        "checkoutLink": f"{store.url()}/i/{identifier}",
        "createdTime": created,
        "expirationTime": expires,
        "monitoringExpiration": expires + 60 * int(checkout.get("monitoringMinutes") or 1440),
        "status": "New",
        "additionalStatus": "None",
        "archived": False,
        "metadata": given.get("metadata") or {},
        "checkout": checkout,
        "payments": [],
    }
    store.invoices[identifier] = invoice
    store.publish("InvoiceCreated", invoice)
    return shown(invoice)


def found(store: Store, identifier: str) -> Json:
    """An invoice of our store, expired if its time is over. Raises: Misuse."""
    invoice = store.invoices.get(identifier)
    if invoice is None or invoice["storeId"] != store.store_id:
        raise Misuse(404, "invoice-not-found", "The invoice was not found")
    judge(store, invoice)
    return invoice


def shown(invoice: Json) -> Json:
    """As the API shows it."""
    paid = (came(invoice) * RATE).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return {**{name: value for name, value in invoice.items() if name != "payments"}, "paidAmount": str(paid)}


def payment_methods(invoice: Json) -> list[Json]:
    """`GET invoices/{id}/payment-methods`."""
    total, paid = due_in_all(invoice), came(invoice)
    wanted = invoice["checkout"].get("paymentMethods") or ["BTC-CHAIN"]
    address = f"bcrt1q{invoice['id'].lower()}"
    return [
        {
            "paymentMethodId": method,
            "currency": "BTC",
            "destination": address,
            "paymentLink": f"bitcoin:{address}?amount={total}",
            "rate": str(RATE),
            "paymentMethodPaid": str(paid if place == 0 else Decimal()),
            "totalPaid": str(paid),
            "due": str(total - paid),
            "amount": str(total),
            "paymentMethodFee": "0",
            "payments": [each for each in invoice["payments"] if each["status"] != "Invalid"]
            if place == 0
            else [],
            "activated": True,
            "additionalData": {},
        }
        for place, method in enumerate(wanted)
    ]


def due_in_all(invoice: Json) -> Decimal:
    return (Decimal(invoice["amount"]) / RATE).quantize(_SATOSHI, ROUND_UP)


def came(invoice: Json, statuses: Sequence[str] = ("Processing", "Settled")) -> Decimal:
    return sum(
        (Decimal(each["value"]) for each in invoice["payments"] if each["status"] in statuses), Decimal()
    )


def receive(store: Store, invoice: Json, value: Decimal, *, confirmed: bool) -> None:
    """A payment to its address comes in."""
    payment: Json = {
        "id": f"{random_word(64).lower()}-0",
        "receivedDate": now()
        if now() <= invoice["expirationTime"]
        else max(now(), invoice["expirationTime"] + 1),
        "value": str(value.quantize(_SATOSHI, ROUND_UP)),
        "fee": "0",
        "status": "Settled" if confirmed else "Processing",
        "destination": f"bcrt1q{invoice['id'].lower()}",
    }
    invoice["payments"].append(payment)
    after = invoice["status"] != "New"
    about = {"afterExpiration": after, "paymentMethodId": "BTC-CHAIN", "payment": payment}
    store.publish("InvoiceReceivedPayment", invoice, **about)
    if confirmed:
        store.publish("InvoicePaymentSettled", invoice, **about)
    judge(store, invoice)


def confirm(store: Store, invoice: Json) -> None:
    """What came is confirmed."""
    for payment in invoice["payments"]:
        if payment["status"] == "Processing":
            payment["status"] = "Settled"
            store.publish("InvoicePaymentSettled", invoice, paymentMethodId="BTC-CHAIN", payment=payment)
    judge(store, invoice)


def replace(store: Store, invoice: Json) -> None:
    """What came unconfirmed was spent otherwise."""
    for payment in invoice["payments"]:
        if payment["status"] == "Processing":
            payment["status"] = "Invalid"
    judge(store, invoice)


def expire(store: Store, invoice: Json) -> None:
    """Its time is over, as if it had begun earlier."""
    back = max(0, invoice["expirationTime"] - now()) + 1
    for name in ("createdTime", "expirationTime", "monitoringExpiration"):
        invoice[name] -= back
    for payment in invoice["payments"]:
        payment["receivedDate"] -= back
    judge(store, invoice)


def fail(store: Store, invoice: Json) -> None:
    """What came was not confirmed for too long. Raises: Misuse."""
    if invoice["status"] != "Processing":
        raise Misuse(422, "", f"It is {invoice['status']}, not Processing", path="status")
    invoice["status"] = "Invalid"
    store.publish("InvoiceInvalid", invoice, manuallyMarked=False)


def mark(store: Store, invoice: Json, status: object) -> Json:
    """`POST invoices/{id}/status`. Raises: Misuse."""
    marked = invoice["additionalStatus"] == "Marked"
    open_to = {
        "Invalid": invoice["status"] in ("New", "Processing", "Expired")
        or (marked and invoice["status"] != "Invalid"),
        "Settled": invoice["status"] != "Settled",
    }
    if not isinstance(status, str) or not open_to.get(status, False):
        raise Misuse(422, "", "Status can only be marked within certain conditions.", path="Status")
    invoice["status"], invoice["additionalStatus"] = status, "Marked"
    store.publish(f"Invoice{status}", invoice, manuallyMarked=True)
    return shown(invoice)


def judge(store: Store, invoice: Json) -> None:
    """Bring an invoice into the state that its time and its payments ask for."""
    total, paid = due_in_all(invoice), came(invoice)
    if invoice["status"] == "New" and now() > invoice["expirationTime"] and not _paid_in_time(invoice):
        invoice["status"] = "Expired"
        invoice["additionalStatus"] = "PaidPartial" if paid else "None"
        store.publish("InvoiceExpired", invoice, partiallyPaid=bool(paid))
    if invoice["status"] == "Expired":
        if invoice["additionalStatus"] != "Marked":
            invoice["additionalStatus"] = "PaidLate" if paid >= total else "PaidPartial" if paid else "None"
        return
    if invoice["status"] == "Processing" and paid < total:
        invoice["status"] = "New"
    if invoice["status"] == "New":
        invoice["additionalStatus"] = "PaidPartial" if paid else "None"
        if paid >= total:
            invoice["status"] = "Processing"
            store.publish("InvoiceProcessing", invoice, overPaid=paid > total)
    if invoice["status"] == "Processing":
        invoice["additionalStatus"] = "PaidOver" if paid > total else "None"
        if came(invoice, ("Settled",)) >= total:
            invoice["status"] = "Settled"
            store.publish("InvoiceSettled", invoice, overPaid=paid > total, manuallyMarked=False)
    if invoice["status"] == "Settled" and invoice["additionalStatus"] == "None" and paid > total:
        invoice["additionalStatus"] = "PaidOver"


def decimal(text: Any, path: str) -> Decimal:
    """Raises: Misuse: it is no amount above zero."""
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        number = Decimal()
    if not number.is_finite() or number <= 0:
        raise Misuse(422, "", "The amount must be above zero.", path=path)
    return number


def _paid_in_time(invoice: Json) -> bool:
    in_time = [each for each in invoice["payments"] if each["receivedDate"] <= invoice["expirationTime"]]
    worth = sum((Decimal(each["value"]) for each in in_time if each["status"] != "Invalid"), Decimal())
    return worth >= due_in_all(invoice)
