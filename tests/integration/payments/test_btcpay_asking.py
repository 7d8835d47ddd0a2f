"""One invoice for a payment and one claim for a refund, whatever happens between asking and knowing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from entrepot.cloud import aws as platform
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from functions.payments import providers
from functions.payments.btcpay import gateway as btcpay_gateway
from functions.payments.btcpay import http, store, wire
from functions.payments.domain.asking import LASTS
from functions.payments.domain.facts import Refund, RefundStatus
from functions.payments.domain.payment import CaptureMode, Payment, merged
from functions.payments.gateway import BadSignature, Declined, Gateway, ProviderBusy, ProviderUnavailable
from tests.integration.payments.conftest import now
from tests.support import btcpay as support
from tests.support.btcpay import Server


def gateway() -> Gateway:
    return providers.named("btcpay", now())


def wanted() -> Payment:
    money = Money(10_000, "EUR")
    return Payment(
        new_id("pay", now()), "ord_1", money, "bitcoin", CaptureMode.AUTOMATIC, now(), provider="btcpay"
    )


def paid(server: Server) -> Payment:
    payment = wanted()
    payment = merged(payment, gateway().create(payment).snapshot)
    server.control(f"invoices/{payment.intent_id}/pay")
    return merged(payment, gateway().fetch(payment.intent_id).snapshot)


def refund() -> Refund:
    return Refund("rfd_1", 4_000, RefundStatus.REQUESTED, requested_at=now())


def a_minute_later(monkeypatch: pytest.MonkeyPatch) -> None:
    at = utc_now() + LASTS
    monkeypatch.setattr(btcpay_gateway, "utc_now", lambda: at)


class Died(BaseException):
    """The function is gone: nothing after it runs."""


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """The function dies after the server has acted, before that is recorded."""

    def patched() -> Any:
        context = pytest.MonkeyPatch.context()
        patch = context.__enter__()

        def die(*given: Any) -> None:
            raise Died

        patch.setattr(store, "saved", die)
        return context

    return patched


def test_a_function_that_dies_after_the_server_acted_leaves_one_invoice(
    btcpay: Server, dies: Callable[[], Any]
) -> None:
    payment = wanted()
    context = dies()
    with pytest.raises(Died):
        gateway().create(payment)
    context.__exit__(None, None, None)

    made = gateway().create(payment)

    assert [made.snapshot.intent_id] == [each["id"] for each in btcpay.invoices()]


def test_a_function_that_dies_after_the_server_acted_leaves_one_claim(
    btcpay: Server, dies: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = paid(btcpay)
    context = dies()
    with pytest.raises(Died):
        gateway().refund(payment, refund())
    context.__exit__(None, None, None)
    assert () == gateway().refunds(payment).refunds

    a_minute_later(monkeypatch)
    said = gateway().refund(payment, refund())

    (pull,) = btcpay.pulls()
    assert [("rfd_1", pull["id"])] == [(each.refund_id, each.provider_refund_id) for each in said.refunds]


def test_a_server_that_is_slow_is_not_asked_again_while_it_may_be_at_work(
    btcpay: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = wanted()
    with monkeypatch.context() as patch:
        patch.setattr(http, "_SECONDS", (2.0, 0.1))
        btcpay.control("faults", mode="slow", method="POST", times=1)
        with pytest.raises(ProviderUnavailable):
            gateway().create(payment)
    with pytest.raises(ProviderBusy):
        gateway().create(payment)
    assert [] == btcpay.invoices()

    btcpay.heal()  # now it acts
    until(lambda: bool(btcpay.invoices()))
    a_minute_later(monkeypatch)
    gateway().create(payment)

    assert 1 == len(btcpay.invoices())


def until(happened: Callable[[], bool]) -> None:
    for _ in range(200_000):
        if happened():
            return
    raise AssertionError("it never happened")


def test_a_call_that_never_reached_the_server_is_made_again_at_once(
    btcpay: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = paid(btcpay)
    with monkeypatch.context() as patch:
        patch.setenv("ENTREPOT_BTCPAY_URL", "http://127.0.0.1:9")
        with pytest.raises(ProviderUnavailable):
            gateway().refund(payment, refund())

    gateway().refund(payment, refund())

    assert 1 == len(btcpay.pulls())


@pytest.mark.parametrize("mode", ["unavailable", "drop_before"])
def test_a_call_whose_answer_was_lost_on_the_way_is_not_made_again_while_it_may_be_at_work(
    btcpay: Server, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """A proxy has answered in the server's place, or nobody has: the server may make it in a moment."""
    payment = paid(btcpay)
    btcpay.control("faults", mode=mode, method="POST", times=1)
    with pytest.raises(ProviderUnavailable):
        gateway().refund(payment, refund())

    with pytest.raises(ProviderBusy):
        gateway().refund(payment, refund())
    a_minute_later(monkeypatch)
    gateway().refund(payment, refund())

    assert 1 == len(btcpay.pulls())


def test_what_somebody_else_is_just_asking_for_is_not_asked_for(
    btcpay: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = wanted()
    original = btcpay_gateway._opened

    def meanwhile(client: Any, asked: Payment, at: datetime) -> Any:
        with pytest.raises(ProviderBusy):
            gateway().create(asked)
        return original(client, asked, at)

    monkeypatch.setattr(btcpay_gateway, "_opened", meanwhile)

    gateway().create(payment)

    assert 1 == len(btcpay.invoices())


def test_to_be_busy_opens_no_breaker(btcpay: Server) -> None:
    payment = wanted()
    btcpay.control("faults", mode="drop_before", method="POST", times=1)
    with pytest.raises(ProviderUnavailable):
        gateway().create(payment)

    for _ in range(9):
        with pytest.raises(ProviderBusy):
            gateway().create(payment)

    assert gateway().create(wanted()).next_action is not None


def test_a_method_that_the_server_does_not_offer_is_declined(
    btcpay: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(wire.METHODS, "bitcoin", ("DOGE-CHAIN",))

    with pytest.raises(Declined):
        gateway().create(wanted())

    assert [] == btcpay.invoices()


def test_lightning_is_asked_for_by_its_own_name(btcpay: Server) -> None:
    action = gateway().create(replace(wanted(), method="lightning")).next_action

    assert action is not None
    assert action.details is not None
    assert "BTC-LN" == action.details["method"]
    (invoice,) = btcpay.invoices()
    assert 900 == invoice["expirationTime"] - invoice["createdTime"]


def test_an_invoice_made_late_ends_with_its_order(btcpay: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = wanted()
    at = utc_now() + 12 * LASTS
    monkeypatch.setattr(btcpay_gateway, "utc_now", lambda: at)

    gateway().create(payment)

    (invoice,) = btcpay.invoices()
    assert 18 * 60 == invoice["expirationTime"] - invoice["createdTime"]


def test_a_stage_without_a_server_believes_no_webhook_and_calls_nobody(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENTREPOT_BTCPAY_URL", raising=False)
    body = b'{"type": "InvoiceSettled", "deliveryId": "d", "invoiceId": "i"}'

    with pytest.raises(ProviderUnavailable):
        gateway().fetch("inv_1")
    monkeypatch.setattr(platform, "secret", lambda key: "")
    with pytest.raises(BadSignature):
        gateway().verified(body, {"btcpay-sig": support.signed(body, "")["BTCPay-Sig"]}, now())
