"""The providers by name: one module each, imported where it is used."""

from functions.payments.domain.payment import Payment
from functions.payments.gateway import Gateway


def of(payment: Payment) -> Gateway:
    """The provider that a payment is made through."""
    if payment.provider == "bank":
        from functions.payments import bank_gateway

        return bank_gateway.BankGateway()
    from functions.payments import stripe_gateway

    assert payment.provider == "stripe", payment.provider
    return stripe_gateway.gateway()
