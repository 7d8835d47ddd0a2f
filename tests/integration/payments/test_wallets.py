"""Wallets and stablecoins: the payer is sent elsewhere, and the outcome comes late."""

import pytest

from functions.payments import facade
from tests.integration.payments.conftest import Provider, heard, now, opened, payment, told

WALLETS = [("alipay", "EUR"), ("wechat_pay", "CNY"), ("grabpay", "SGD"), ("crypto", "USD")]
MARKETS = {"grabpay": "SG"}
ACTIONS = {
    "alipay": "alipay_handle_redirect",
    "wechat_pay": "wechat_pay_display_qr_code",
    "grabpay": "redirect_to_url",
    "crypto": "redirect_to_url",
}


def _sent_away(method: str, currency: str) -> str:
    payment_id = opened(currency=currency, method=method)
    facade.start(payment_id, now())
    return payment_id


@pytest.mark.parametrize(("method", "currency"), WALLETS)
def test_the_payer_is_told_where_to_go_and_the_money_comes_afterwards(
    provider: Provider, method: str, currency: str
) -> None:
    payment_id = opened(currency=currency, method=method, market=MARKETS.get(method, ""))

    view = facade.start(payment_id, now())

    assert view.next_action is not None
    assert ("requires_action", ACTIONS[method]) == (view.status, view.next_action.kind)
    assert str(view.next_action.url).startswith("https://")
    provider.control(f"payment_intents/{payment(payment_id).intent_id}/authenticate", outcome="succeed")
    heard(*provider.events())
    assert (10_000, 10_000) == (payment(payment_id).authorised, payment(payment_id).captured)
    assert ["payment_authorised", "payment_captured"] == told(payment_id)


def test_a_payer_who_turns_back_has_failed_and_was_not_charged(provider: Provider) -> None:
    payment_id = _sent_away("alipay", "EUR")

    provider.control(f"payment_intents/{payment(payment_id).intent_id}/authenticate", outcome="fail")
    heard(*provider.events())

    assert ("failed", 0) == (payment(payment_id).status, payment(payment_id).captured)
    assert ["payment_failed"] == told(payment_id)


def test_a_replayed_start_sends_the_payer_to_the_same_place(provider: Provider) -> None:
    payment_id = opened(method="alipay")

    first, second = facade.start(payment_id, now()), facade.start(payment_id, now())

    assert first.next_action == second.next_action
    assert 1 == len(provider.intents())


def test_a_wallet_whose_order_expires_can_pay_no_more(provider: Provider) -> None:
    payment_id = _sent_away("alipay", "EUR")

    assert "cancelled" == facade.cancel_intent(payment_id, now())

    assert ["canceled"] == [intent["status"] for intent in provider.intents()]
