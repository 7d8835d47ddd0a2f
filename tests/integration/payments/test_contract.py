"""What every provider of payments does alike: one suite, and each provider passes all of it.

A new provider adds a desk here: how its payer pays, declines, and how its answers are lost.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import pytest

from entrepot.cloud import aws, dynamo, writes
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from functions.payments import book, providers, service, statements
from functions.payments.domain.facts import Refund, RefundStatus, Status
from functions.payments.domain.payment import TELL_FEES, CaptureMode, Payment, Snapshot, merged, mismatch
from functions.payments.gateway import BadSignature, Declined, Gateway, Intent, ProviderUnavailable
from infra.local.btcpay.signing import signature_header
from tests.integration.payments.conftest import SECRET, Provider, later, now, signature
from tests.support.bank import camt, camt_entry, in_base64
from tests.support.btcpay import SECRET as BTCPAY_SECRET
from tests.support.btcpay import Server


class Desk(Protocol):
    """The other side of a provider: who pays, and what goes wrong on the way."""

    name: str
    method: str

    def pay(self, payment: Payment) -> None: ...

    def intents(self) -> int:
        """How many there are at the provider."""

    def refunded(self, payment: Payment) -> int:
        """How often money went back, or is asked to."""

    def answers_lost(self) -> AbstractContextManager[None]:
        """The provider acts, and nobody hears of it."""


class StripeDesk:
    name, method = "stripe", "card"

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def pay(self, payment: Payment) -> None:
        self.provider.pay(payment)

    def decline(self, payment: Payment) -> None:
        path = f"payment_intents/{payment.intent_id}/fail"
        self.provider.control(path, payment_method="pm_card_chargeDeclined")

    def intents(self) -> int:
        return len(self.provider.intents())

    def refunded(self, payment: Payment) -> int:
        return len(self.provider.refunds())

    @contextmanager
    def answers_lost(self) -> Iterator[None]:
        self.provider.fault("drop_after", times=9)
        yield
        self.provider.heal()

    def told(self, **changed: Any) -> bytes:
        """The last event about an intent, with other facts of its object."""
        event = json.loads(self.provider.events("payment_intent.succeeded")[-1])
        event["account"] = changed.pop("account", None)
        event["data"]["object"].update(changed)
        return json.dumps(event).encode()

    def signed(self, body: bytes, secret: str = SECRET, age: timedelta = timedelta(0)) -> dict[str, str]:
        return {"stripe-signature": signature(body, now() - age, secret)}


class StripeTransferDesk(StripeDesk):
    """Stripe where the payer transfers into a balance."""

    method = "bank_transfer"

    def pay(self, payment: Payment) -> None:
        customer = self.provider.intent(payment.intent_id)["customer"]
        self.provider.transfer(customer, 10_000, "eur")


class BankDesk:
    name, method = "bank", "bank_transfer"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.made: set[str] = set()

    def pay(self, payment: Payment) -> None:
        entry = camt_entry("100.00", payment.intent_id, f"B-{payment.payment_id}")
        job = {"statement_id": "stm_1", "form": "camt.053", "content": in_base64(camt((entry,)))}
        # The account is told of; the payment itself is not in this suite's hands.
        with self.monkeypatch.context() as patched:
            patched.setattr(statements, "tell", lambda reference, at: None)
            statements.take_in(json.dumps(job), now())

    def intents(self) -> int:
        items = dynamo.call("Scan", TableName=aws.name("payments"))["Items"]
        return sum(item["sk"]["S"] == "due" for item in items)

    def refunded(self, payment: Payment) -> int:
        return len([each for each in statements.unmatched(50, None).items if each.work.refund_id])

    @contextmanager
    def answers_lost(self) -> Iterator[None]:
        commit = writes.commit

        def commit_and_break(*given: writes.Write) -> None:
            commit(*given)
            raise ProviderUnavailable

        with self.monkeypatch.context() as patched:
            patched.setattr(writes, "commit", commit_and_break)
            yield


class BtcpayDesk:
    name, method = "btcpay", "bitcoin"

    def __init__(self, server: Server) -> None:
        self.server = server

    def pay(self, payment: Payment) -> None:
        self.server.control(f"invoices/{payment.intent_id}/pay")

    def intents(self) -> int:
        return len(self.server.invoices())

    def refunded(self, payment: Payment) -> int:
        return len(self.server.pulls())

    @contextmanager
    def answers_lost(self) -> Iterator[None]:
        self.server.control("faults", mode="drop_after", method="POST", times=9)
        yield
        self.server.heal()

    def told(self, **changed: Any) -> bytes:
        """The last event about a settled invoice, with other facts."""
        event = json.loads(self.server.events("InvoiceSettled")[-1])
        return json.dumps({**event, **changed}).encode()

    def signed(
        self, body: bytes, secret: str = BTCPAY_SECRET, age: timedelta = timedelta(0)
    ) -> dict[str, str]:
        return {"btcpay-sig": signature_header(body, secret)}


DESKS = ("stripe", "stripe-transfer", "bank", "btcpay")


@pytest.fixture(params=DESKS)
def desk(
    request: pytest.FixtureRequest, provider: Provider, btcpay: Server, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    desks: dict[str, Desk] = {
        "stripe": StripeDesk(provider),
        "stripe-transfer": StripeTransferDesk(provider),
        "bank": BankDesk(monkeypatch),
        "btcpay": BtcpayDesk(btcpay),
    }
    return desks[request.param]


@pytest.fixture(params=["stripe", "btcpay"])
def speaker(request: pytest.FixtureRequest, provider: Provider, btcpay: Server) -> "StripeDesk | BtcpayDesk":
    """Those that send webhooks."""
    return StripeDesk(provider) if request.param == "stripe" else BtcpayDesk(btcpay)


@pytest.fixture
def stripe(provider: Provider) -> StripeDesk:
    """The one provider here that declines, holds an amount, and signs the time."""
    return StripeDesk(provider)


def gateway(desk: Desk) -> Gateway:
    return providers.named(desk.name, now())


def wanted(desk: Desk, capture: CaptureMode = CaptureMode.AUTOMATIC) -> Payment:
    payment_id = new_id("pay", now())
    money = Money(10_000, "EUR")
    payment = Payment(payment_id, "ord_1", money, desk.method, capture, now(), provider=desk.name)
    return service._introduced(payment, now())


def opened(desk: Desk, capture: CaptureMode = CaptureMode.AUTOMATIC) -> Payment:
    payment = wanted(desk, capture)
    return merged(payment, gateway(desk).create(payment).snapshot)


def paid(desk: Desk, capture: CaptureMode = CaptureMode.AUTOMATIC) -> Payment:
    payment = opened(desk, capture)
    desk.pay(payment)
    return merged(payment, gateway(desk).fetch(payment.intent_id).snapshot)


def asked(payment: Payment, amount: int = 4_000) -> Refund:
    return Refund("rfd_1", amount, RefundStatus.REQUESTED, requested_at=now())


def lost(desk: Desk, call: Callable[[], Intent | Snapshot]) -> None:
    with desk.answers_lost(), pytest.raises(ProviderUnavailable):
        call()


def test_the_book_offers_nothing_that_its_provider_cannot_do(desk: Desk) -> None:
    can = gateway(desk).capabilities
    offered = [offer for offer in book.offers() if offer.provider == desk.name]

    assert offered
    assert can.manual_capture or not any(offer.manual_capture for offer in offered)
    assert can.tells_fees == (desk.name in TELL_FEES)


def test_every_provider_of_the_book_is_tested_here(btcpay: Server) -> None:
    assert {name.partition("-")[0] for name in DESKS} == {offer.provider for offer in book.offers()}


def test_an_intent_is_over_our_amount_in_our_currency_and_names_our_payment(desk: Desk) -> None:
    payment = wanted(desk)

    made = gateway(desk).create(payment)

    assert payment.payment_id == made.payment_id
    assert (10_000, "EUR", True) == (made.snapshot.amount, made.snapshot.currency, made.snapshot.ours)
    assert (0, 0, False) == (made.snapshot.authorised, made.snapshot.captured, made.snapshot.cancelled)
    assert mismatch(payment, made.snapshot) is None


def test_the_same_payment_again_is_the_same_intent(desk: Desk) -> None:
    payment = wanted(desk)

    first, again = gateway(desk).create(payment), gateway(desk).create(payment)

    assert first.snapshot.intent_id == again.snapshot.intent_id
    assert first.client_secret == again.client_secret
    assert 1 == desk.intents()


def test_an_intent_whose_answer_was_lost_is_found_again(desk: Desk) -> None:
    payment = wanted(desk)
    lost(desk, lambda: gateway(desk).create(payment))

    made = gateway(desk).create(payment)

    assert payment.payment_id == made.payment_id
    assert 1 == desk.intents()


def test_what_was_paid_is_told_when_asked(desk: Desk) -> None:
    payment = paid(desk)

    assert (10_000, 10_000, Status.CAPTURED) == (payment.authorised, payment.captured, payment.status)


def test_what_was_paid_is_a_movement_of_that_day(desk: Desk) -> None:
    """Who reports no movements says so, and reports none."""
    can, day = gateway(desk).capabilities, now().date()
    assert () == gateway(desk).movements(day, None).items
    paid(desk)

    found = gateway(desk).movements(day, None)

    assert ([10_000] if can.movements else []) == [each.gross for each in found.items]
    assert found.after is None


def test_who_lists_no_disputes_knows_of_none(desk: Desk) -> None:
    payment = paid(desk)

    assert () == gateway(desk).disputes(payment).disputes
    assert mismatch(payment, gateway(desk).disputes(payment)) is None
    assert [] == list(gateway(desk).disputes_since(now() - timedelta(days=1)))


def test_an_intent_that_nobody_knows_is_declined(desk: Desk) -> None:
    with pytest.raises(Declined):
        gateway(desk).fetch("nobody-knows")


def test_an_unpaid_intent_is_let_go_once_and_for_all(desk: Desk) -> None:
    payment = opened(desk)

    first = gateway(desk).cancel(payment)

    assert first.snapshot.cancelled
    assert gateway(desk).fetch(payment.intent_id).snapshot.cancelled
    assert 0 == gateway(desk).fetch(payment.intent_id).snapshot.captured


def test_a_cancellation_whose_answer_was_lost_has_happened(desk: Desk) -> None:
    payment = opened(desk)
    lost(desk, lambda: gateway(desk).cancel(payment))

    assert gateway(desk).fetch(payment.intent_id).snapshot.cancelled


def test_what_was_paid_can_no_longer_be_let_go(desk: Desk) -> None:
    payment = paid(desk)

    with pytest.raises(Declined):
        gateway(desk).cancel(payment)

    assert (10_000, False) == (payment.captured, gateway(desk).fetch(payment.intent_id).snapshot.cancelled)


def test_a_part_goes_back_once_under_our_id_however_often_it_is_asked_for(desk: Desk) -> None:
    payment = paid(desk)
    refund = asked(payment)

    first, again = gateway(desk).refund(payment, refund), gateway(desk).refund(payment, refund)

    for said in (first, again, gateway(desk).refunds(payment)):
        (known,) = said.refunds
        assert ("rfd_1", 4_000) == (known.refund_id, known.amount)
        assert known.status in (RefundStatus.PENDING, RefundStatus.SUCCEEDED)
    assert 1 == desk.refunded(payment)


def test_a_refund_whose_answer_was_lost_is_not_made_again(desk: Desk) -> None:
    payment = paid(desk)
    refund = asked(payment)
    lost(desk, lambda: gateway(desk).refund(payment, refund))

    gateway(desk).refund(payment, refund)

    assert 1 == desk.refunded(payment)
    assert ["rfd_1"] == [each.refund_id for each in gateway(desk).refunds(payment).refunds]


def test_a_payment_without_refunds_says_so(desk: Desk) -> None:
    payment = paid(desk)

    said = gateway(desk).refunds(payment)

    assert () == said.refunds
    assert mismatch(payment, said) is None


def test_a_held_amount_is_taken_in_part_and_once(desk: Desk) -> None:
    if not gateway(desk).capabilities.manual_capture or desk.method == "bank_transfer":
        payment = opened(desk)
        with pytest.raises(Declined):
            gateway(desk).capture(payment, 7_000)
        return
    payment = paid(desk, CaptureMode.MANUAL)
    assert (10_000, 0) == (payment.authorised, payment.captured)

    gateway(desk).capture(payment, 7_000)
    gateway(desk).capture(payment, 7_000)

    assert 7_000 == gateway(desk).fetch(payment.intent_id).snapshot.captured


def test_who_sends_no_webhooks_is_believed_none(desk: Desk) -> None:
    body = b'{"id": "evt_1", "type": "payment_intent.succeeded"}'

    with pytest.raises(BadSignature):
        gateway(desk).verified(body, {}, now())


def test_a_decline_is_told_with_its_reason(stripe: StripeDesk) -> None:
    payment = opened(stripe)

    stripe.decline(payment)

    said = merged(payment, gateway(stripe).fetch(payment.intent_id).snapshot)
    assert (Status.FAILED, "generic_decline") == (said.status, said.last_error)


def test_a_webhook_says_what_fetching_says(speaker: StripeDesk | BtcpayDesk) -> None:
    payment = opened(speaker)
    speaker.pay(payment)
    body = speaker.told()

    heard = gateway(speaker).heard(gateway(speaker).verified(body, speaker.signed(body), now()))

    assert heard is not None
    assert heard.snapshot is not None
    assert payment.payment_id == heard.payment_id
    assert 10_000 == merged(payment, heard.snapshot).captured


@pytest.mark.parametrize(("secret", "spoilt"), [("other", b""), (None, b" ")], ids=["forged", "altered"])
def test_a_webhook_that_was_not_signed_over_these_bytes_is_refused(
    speaker: StripeDesk | BtcpayDesk, secret: str | None, spoilt: bytes
) -> None:
    speaker.pay(opened(speaker))
    body = speaker.told()
    header = speaker.signed(body, secret) if secret else speaker.signed(body)

    with pytest.raises(BadSignature):
        gateway(speaker).verified(body + spoilt, header, now())


def test_a_webhook_that_was_signed_a_while_ago_is_refused(stripe: StripeDesk) -> None:
    stripe.pay(opened(stripe))
    body = stripe.told()

    with pytest.raises(BadSignature):
        gateway(stripe).verified(body, stripe.signed(body, SECRET, timedelta(seconds=301)), now())


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"account": "acct_other"}, "account"),
        ({"amount": 9_999}, "amount"),
        ({"currency": "usd"}, "currency"),
        ({"id": "pi_other"}, "intent"),
    ],
)
def test_a_webhook_about_what_is_not_ours_moves_nothing(
    stripe: StripeDesk, changed: dict[str, Any], wrong: str
) -> None:
    payment = opened(stripe)
    stripe.pay(payment)
    body = stripe.told(**changed)

    heard = gateway(stripe).heard(gateway(stripe).verified(body, stripe.signed(body), now()))

    assert heard is not None
    assert heard.snapshot is not None
    assert replace(payment, flags=(wrong,)) == merged(payment, heard.snapshot)


def test_a_webhook_is_verified_when_it_comes_and_understood_days_later(
    speaker: StripeDesk | BtcpayDesk,
) -> None:
    payment = opened(speaker)
    speaker.pay(payment)
    body = speaker.told()
    message = gateway(speaker).verified(body, speaker.signed(body), now())

    heard = providers.named(speaker.name, later(days=14)).heard(message)

    assert heard is not None
    assert heard.snapshot is not None
    assert 10_000 == merged(payment, heard.snapshot).captured
