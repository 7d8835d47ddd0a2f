"""Transfers into a balance at Stripe: whole, in part, too much, late, told of once, twice or never."""

import json

import pytest

from entrepot.cloud import writes
from entrepot.contracts.events import encoded
from entrepot.contracts.orders import BuyerForgotten
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from functions.payments import facade, stripe_gateway
from functions.payments.domain.facts import RefundStatus
from functions.payments.sweep import sweep
from tests.integration.payments.conftest import (
    Provider,
    due,
    heard,
    later,
    now,
    opened,
    payment,
    published,
    requests_of,
    told,
)
from tests.support import pump

PAID = ["payment_authorised", "payment_captured"]
ACCOUNTS = {
    "GBP": ("GB", "sort_code", {"account_number", "sort_code"}),
    "USD": ("US", "aba", {"account_number", "routing_number", "bank_name", "account_type"}),
    "JPY": (
        "JP",
        "zengin",
        {"account_number", "bank_code", "bank_name", "branch_code", "branch_name", "account_type"},
    ),
    "MXN": ("MX", "spei", {"clabe", "bank_code", "bank_name"}),
}


@pytest.fixture(autouse=True)
def _no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_gateway, "_RETRIES", 0)


def asked(email: str = "") -> str:
    """A payment of GBP 100.00 by transfer, whose payer has been told where to."""
    payment_id = opened(currency="GBP", method="bank_transfer", market="GB")
    assert "requires_action" == facade.start(payment_id, now(), email=email).status
    return payment_id


def transferred(provider: Provider, payment_id: str, amount: int, reference: str = "") -> None:
    provider.transfer(payment(payment_id).customer, amount, reference=reference)


def returns(provider: Provider) -> list[tuple[int, str]]:
    """What was asked to go back out of balances: how much, and how far it is."""
    return [(each["amount"], each["status"]) for each in provider.refunds() if each["charge"] is None]


def settled(provider: Provider, payment_id: str) -> None:
    """All that the provider has to tell is heard, and what follows from it is done."""
    for _ in range(4):
        heard(*provider.events())
        requests_of(payment_id)


@pytest.mark.parametrize("currency", ACCOUNTS)
def test_the_payer_is_told_the_account_of_that_currency(provider: Provider, currency: str) -> None:
    market, kind, numbers = ACCOUNTS[currency]
    payment_id = opened(currency=currency, method="bank_transfer", market=market)

    view, again = facade.start(payment_id, now()), facade.start(payment_id, now())

    assert view.next_action is not None
    details = dict(view.next_action.details or {})
    assert ("requires_action", "display_bank_transfer_instructions") == (view.status, view.next_action.kind)
    told_of = {name: details.pop(name) for name in ("type", "currency", "amount_remaining")}
    assert {"type": kind, "currency": currency, "amount_remaining": "10000"} == told_of
    assert {"reference", "account_holder_name"} | numbers == set(details)
    assert view.next_action == again.next_action
    assert 1 == len(provider.intents()) == len(provider.standin.account.store.objects["customer"])


def test_each_payment_has_an_account_of_its_own(provider: Provider) -> None:
    first, second = asked(), asked()

    assert payment(first).customer != payment(second).customer


def test_the_exact_amount_pays_and_nothing_goes_back(provider: Provider) -> None:
    payment_id = asked()

    transferred(provider, payment_id, 10_000)
    settled(provider, payment_id)

    assert PAID == told(payment_id)
    assert [("stripe", 10_000)] == [
        (e["provider"], e["amount"]) for e in published(payment_id, "payment_captured")
    ]
    assert [] == returns(provider)


def test_a_part_is_nobodys_until_the_rest_has_come(provider: Provider) -> None:
    payment_id = asked()

    transferred(provider, payment_id, 4_000)
    settled(provider, payment_id)
    assert ("processing", 0, 0) == (
        payment(payment_id).status,
        payment(payment_id).captured,
        payment(payment_id).authorised,
    )
    action = facade.start(payment_id, now()).next_action
    assert action is not None
    assert "6000" == (action.details or {})["amount_remaining"]
    transferred(provider, payment_id, 6_000)
    settled(provider, payment_id)

    assert 10_000 == payment(payment_id).captured
    assert ["payment_authorised", "payment_captured", "payment_processing"] == told(payment_id)
    assert [] == returns(provider)


def test_what_is_over_goes_back_once_however_often_it_is_told(provider: Provider) -> None:
    payment_id = asked()
    transferred(provider, payment_id, 10_500)
    bodies = provider.events()

    heard(*bodies, *bodies)
    requests_of(payment_id)
    requests_of(payment_id)

    assert (10_000, 10_500) == (payment(payment_id).captured, payment(payment_id).received)
    assert [(500, "pending")] == returns(provider)
    assert [("over", 500)] == [(e["reason"], e["amount"]) for e in published(payment_id, "return_requested")]
    assert [RefundStatus.PENDING] == [back.status for back in payment(payment_id).returns]
    assert 0 == payment(payment_id).refunded
    assert not payment(payment_id).at_rest


def test_a_second_transfer_goes_back_whole(provider: Provider) -> None:
    payment_id = asked()

    for _ in range(2):
        transferred(provider, payment_id, 10_000)
        settled(provider, payment_id)

    assert 10_000 == payment(payment_id).captured
    assert [(10_000, "pending")] == returns(provider)


@pytest.mark.parametrize("outcome", ["succeed", "fail"])
def test_how_a_return_ends_is_told_once_and_it_is_not_tried_again(provider: Provider, outcome: str) -> None:
    payment_id = asked()
    transferred(provider, payment_id, 10_500)
    settled(provider, payment_id)

    provider.control(f"refunds/{provider.refunds()[0]['id']}/finish", outcome=outcome)
    settled(provider, payment_id)
    sweep(later(days=1))

    assert [outcome[:4]] == [e["outcome"][:4] for e in published(payment_id, "return_ended")]
    assert 1 == len(returns(provider))
    assert payment(payment_id).at_rest


def test_what_came_of_an_order_that_ended_goes_back_and_so_does_what_comes_later(provider: Provider) -> None:
    payment_id = asked()
    transferred(provider, payment_id, 4_000)
    settled(provider, payment_id)

    assert "cancelled" == facade.cancel_intent(payment_id, now())
    settled(provider, payment_id)
    transferred(provider, payment_id, 10_000)
    settled(provider, payment_id)

    assert ("cancelled", 0) == (payment(payment_id).status, payment(payment_id).captured)
    assert [(4_000, "pending"), (10_000, "pending")] == returns(provider)
    why = {event["amount"]: event["reason"] for event in published(payment_id, "return_requested")}
    assert {4_000: "partial", 10_000: "late"} == why


def test_a_payment_that_has_arrived_is_not_cancelled(provider: Provider) -> None:
    payment_id = asked()
    transferred(provider, payment_id, 10_000)

    assert "succeeded" == facade.cancel_intent(payment_id, now())
    assert [] == returns(provider)


@pytest.mark.parametrize("changed", [{"account": "acct_other"}, {"livemode": True}])
def test_word_of_a_balance_that_is_not_ours_is_passed_over(
    provider: Provider, changed: dict[str, object]
) -> None:
    payment_id = asked()
    transferred(provider, payment_id, 10_500)
    (body,) = provider.events("cash_balance.funds_available")
    calls = provider.calls("GET")

    heard(json.dumps({**json.loads(body), **changed}))

    assert calls == provider.calls("GET")
    assert (0, ()) == (payment(payment_id).received, payment(payment_id).returns)


def test_word_of_a_balance_of_nobody_we_know_is_sent_again_and_then_set_aside(provider: Provider) -> None:
    transferred(provider, asked(), 10_500)
    (body,) = provider.events("cash_balance.funds_available")
    event = json.loads(body)
    event["data"]["object"]["customer"] = "cus_made_by_hand"

    assert ["message"] == pump.deliver("payments-webhooks", f"stripe {json.dumps(event)}")

    assert [] == returns(provider)


def test_lost_webhooks_lose_nothing(provider: Provider) -> None:
    payment_id = asked()
    transferred(provider, payment_id, 10_500)

    sweep(later(minutes=2))
    sweep(later(minutes=4))

    assert PAID == [name for name in told(payment_id) if name in PAID]
    assert [(500, "pending")] == returns(provider)
    provider.control(f"refunds/{provider.refunds()[0]['id']}/finish", outcome="succeed")
    sweep(later(minutes=9))
    assert 1 == len(published(payment_id, "return_ended"))


def test_a_transfer_a_week_after_the_end_is_found_without_a_webhook(provider: Provider) -> None:
    payment_id = asked()
    assert "cancelled" == facade.cancel_intent(payment_id, now())
    for hours in (1, 2, 3, 8, 33, 60, 90, 120, 150):
        sweep(later(hours=hours))

    transferred(provider, payment_id, 10_000)
    sweep(later(days=8))
    sweep(later(days=8, minutes=2))

    assert [(10_000, "pending")] == returns(provider)


def test_the_sweep_looks_into_a_balance_for_two_weeks_and_not_for_ever(provider: Provider) -> None:
    payment_id = asked()
    assert "cancelled" == facade.cancel_intent(payment_id, now())

    for day in range(40):
        sweep(later(days=day + 1))

    assert [] == due(later(days=400))


@pytest.mark.parametrize("mode", ["drop_before", "drop_after", "unavailable"])
def test_a_return_whose_answer_was_lost_is_made_once(provider: Provider, mode: str) -> None:
    payment_id = asked()
    transferred(provider, payment_id, 10_500)
    heard(*provider.events())
    (event,) = published(payment_id, "return_requested")
    provider.fault(mode, path="/v1/refunds", times=1)

    assert ["message"] == pump.deliver("payments-events", json.dumps(event))
    assert [] == pump.deliver("payments-events", json.dumps(event))

    assert [(500, "pending")] == returns(provider)


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/payment_intents"])
def test_an_answer_that_was_lost_at_the_start_makes_one_of_each(provider: Provider, path: str) -> None:
    payment_id = opened(currency="GBP", method="bank_transfer", market="GB")
    provider.fault("drop_after", path=path, times=1)

    assert "pending" == facade.start(payment_id, now(), email="a@example.com").status
    assert "requires_action" == facade.start(payment_id, now()).status

    assert 1 == len(provider.intents()) == len(provider.standin.account.store.objects["customer"])


def test_a_sender_whom_nobody_knows_is_asked_by_the_address_that_was_given(provider: Provider) -> None:
    known, unknown = asked("a@example.com"), asked()
    for payment_id in (known, unknown):
        transferred(provider, payment_id, 10_500, "unknown sender")
        settled(provider, payment_id)

    assert [RefundStatus.PENDING] == [back.status for back in payment(known).returns]
    assert [RefundStatus.FAILED] == [back.status for back in payment(unknown).returns]
    assert [("failed", "email_invalid")] == [
        (event["outcome"], event["reason"]) for event in published(unknown, "return_ended")
    ]


def test_a_refund_of_a_transfer_is_a_refund_like_any_other(provider: Provider) -> None:
    payment_id = asked()
    transferred(provider, payment_id, 10_000)
    settled(provider, payment_id)
    refund_id = new_id("rfd", now())
    writes.commit(*facade.refund(payment(payment_id), refund_id, Money(3_000, "GBP"), "broken", now()))
    requests_of(payment_id)

    provider.control(f"refunds/{provider.refunds()[0]['id']}/finish", outcome="succeed")
    heard(*provider.events())

    assert (3_000, ()) == (payment(payment_id).refunded, payment(payment_id).returns)


def test_a_forgotten_payer_is_forgotten_there_and_what_comes_later_goes_back(provider: Provider) -> None:
    payment_id = asked("a@example.com")
    transferred(provider, payment_id, 10_000)
    settled(provider, payment_id)
    event = BuyerForgotten(
        event_id=new_id("evt", now()),
        occurred_at=now(),
        order_id=payment(payment_id).order_id,
        payment_ids=(payment_id,),
        shipment_ids=(),
        kept_until=now().date(),
    )

    assert [] == pump.deliver("payments-events", encoded(event))
    assert [] == pump.deliver("payments-events", encoded(event))

    (customer,) = provider.standin.account.store.objects["customer"].values()
    assert None is customer["email"]
    transferred(provider, payment_id, 2_000)
    settled(provider, payment_id)
    assert [(2_000, "pending")] == returns(provider)


@pytest.mark.parametrize(("currency", "market"), [("GBP", "DE"), ("CAD", "CA"), ("EUR", "DE")])
def test_a_transfer_to_stripe_is_offered_where_the_book_says(aws: None, currency: str, market: str) -> None:
    try:
        made, _ = facade.open_payment(
            new_id("pay", now()), "ord_1", Money(1_000, currency), "bank_transfer", "automatic", now(), market
        )
    except facade.MethodNotAvailable:
        assert currency != "EUR"
    else:
        assert ("EUR", "bank") == (currency, made.provider)
