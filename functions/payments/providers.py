"""The providers by name: one module each, imported where it is used, and called through its breaker."""

from datetime import datetime

from functions.payments import health
from functions.payments.domain.payment import Payment
from functions.payments.gateway import Gateway, Keeper, PayersBalance


def of(payment: Payment, now: datetime) -> Gateway:
    """The provider that a payment is made through."""
    return named(payment.provider, now)


def named(provider: str, now: datetime) -> Gateway:
    if provider == "bank":
        from functions.payments import bank_gateway

        return bank_gateway.BankGateway()
    if provider == "btcpay":
        from functions.payments.btcpay import gateway

        return health.Guard(provider, gateway.gateway(), now)
    from functions.payments import stripe_gateway

    assert provider == "stripe", provider
    return health.Guard(provider, stripe_gateway.gateway(), now)


def keeper(now: datetime) -> Keeper:
    """The provider that keeps members' cards."""
    from functions.payments import stripe_keeper

    return health.KeeperGuard("stripe", stripe_keeper.StripeKeeper(), now)


def balance(now: datetime) -> PayersBalance:
    """The provider that keeps a balance for each payment by transfer."""
    from functions.payments import stripe_balance

    return health.BalanceGuard("stripe", stripe_balance.StripeBalance(), now)
