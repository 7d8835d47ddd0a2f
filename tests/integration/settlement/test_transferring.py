"""Payouts by transfer: each is made once, however often it is asked for, and what comes back is owed again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from entrepot.cloud import aws, dynamo
from functions.payments import facade as payments
from functions.payments import stripe_gateway
from functions.settlement import store
from functions.settlement.domain.destinations import Account, Through
from functions.settlement.domain.payouts import Payout, PayoutDiffers, PayoutNotMovable, PayoutStatus, Way
from functions.settlement.service import destinations, filing, paying, running, transferring
from infra.local.stripe.standin import StripeStandIn
from tests.integration.settlement.books import MILAN, OPERATOR, Books, Crash, completed, crash_at
from tests.support import pump
from tests.support.provider import Provider
from tests.support.provider import running as stripe_running

NET = 4500 - 75 - 25  # EUR 50.00 less 10 %, less 1.5 % and EUR 0.25
CONNECTED = "acct_1Milan"
FUNDS = 100_000


@pytest.fixture
def stripe(aws: None) -> Iterator[Provider]:
    with stripe_running() as provider:
        provider.control("balance", amount=str(FUNDS), currency="eur")
        yield provider
    stripe_gateway.forget()


@pytest.fixture
def owed(stripe: Provider) -> Books:
    """Books with one statement of EUR 44.00 for Milan, which has an account connected at Stripe."""
    return owing(Books(), CONNECTED)


def owing(books: Books, account: str) -> Books:
    destinations.put(MILAN, "EUR", Account(Through.STRIPE, account), "mbr_owner", books.now)
    books.tell(completed(5000, merchant=MILAN))
    books.run()
    return books


def made(stripe: Provider) -> list[dict[str, Any]]:
    return stripe.listed("transfers")


def payout() -> Payout:
    return paying.listed(MILAN, OPERATOR, 100, None).items[0]


def money(books: Books) -> tuple[int, int, int]:
    """Owed to the merchant, in transit, and taken from our balance at Stripe."""
    balances = books.balances()
    return (
        -balances.get((f"merchant_payable:{MILAN}", "EUR"), 0),
        -balances.get(("payouts_in_transit:stripe", "EUR"), 0),
        -balances.get(("psp:stripe", "EUR"), 0),
    )


def fault(stripe: Provider, mode: str, **more: str) -> None:
    stripe.control("faults", mode=mode, path="/v1/transfers", **more)


def heal(stripe: Provider) -> None:
    stripe._request("DELETE", "/test/faults", {})


def told(stripe: Provider, *kinds: str) -> None:
    """Webhooks of the transfers, as Stripe signs them, to the end of what they set off."""
    for event in stripe.events():
        if event["type"].startswith("transfer.") and (not kinds or event["type"] in kinds):
            stripe.deliver([event])
    pump.pump()


def pay(books: Books) -> str:
    (payout_id,) = books.pay().payouts
    return payout_id


def test_a_payout_is_transferred_under_its_own_id(owed, stripe):
    payout_id = pay(owed)

    assert transferring.pursue(payout_id, owed.now)

    (transfer,) = made(stripe)
    assert (NET, "eur", CONNECTED, payout_id) == (
        transfer["amount"], transfer["currency"], transfer["destination"], transfer["transfer_group"],
    )  # fmt: skip
    paid = payout()
    assert (PayoutStatus.PAID, Way.TRANSFER, transfer["id"]) == (paid.status, paid.way, paid.reference)
    assert "acct_****ilan" == paid.destination
    assert (0, 0, NET) == money(owed)
    assert 0 == transferring.sweep(owed.now + timedelta(days=1))
    assert 1 == len(made(stripe))


def test_a_merchants_turn_pays_it_at_once(owed, stripe):
    running.take(json.dumps({"merchant_id": MILAN}), owed.now)

    assert (PayoutStatus.PAID, 1) == (payout().status, len(made(stripe)))


def test_an_intention_is_written_before_the_call(owed, stripe):
    payout_id = pay(owed)
    fault(stripe, "drop_before", times="10")

    with pytest.raises(payments.ProviderUnavailable):
        transferring.pursue(payout_id, owed.now)

    assert (PayoutStatus.SENT, owed.now + transferring.PATIENCE) == (payout().status, payout().ask_at)
    assert (0, NET, 0) == money(owed)


@pytest.mark.parametrize("mode", ["drop_before", "drop_after", "unavailable"])
def test_a_call_without_an_answer_is_asked_about_and_made_once(owed, stripe, mode):
    payout_id = pay(owed)
    fault(stripe, mode, times="10")
    with pytest.raises(payments.ProviderUnavailable):
        transferring.pursue(payout_id, owed.now)
    heal(stripe)

    assert 0 == transferring.sweep(owed.now)
    assert 1 == transferring.sweep(owed.now + transferring.PATIENCE)

    assert 1 == len(made(stripe))
    assert (0, 0, NET) == money(owed)


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_transfer_that_dies_at_any_commit_is_made_once(owed, stripe, number, written):
    """The payout, the intention, and what became of it."""
    with pytest.MonkeyPatch.context() as dying:
        crash_at(dying, number, written=written)
        with pytest.raises(Crash):
            transferring.pursue(pay(owed), owed.now)

    assert owed.trial().balanced
    owed.pay()
    transferring.sweep(owed.now)
    transferring.sweep(owed.now + transferring.PATIENCE)

    assert (PayoutStatus.PAID, 1) == (payout().status, len(made(stripe)))
    assert (0, 0, NET) == money(owed)


def test_what_stripe_tells_of_a_transfer_ends_one_that_was_silent(owed, stripe):
    payout_id = pay(owed)
    fault(stripe, "drop_after", times="10")
    with pytest.raises(payments.ProviderUnavailable):
        transferring.pursue(payout_id, owed.now)
    heal(stripe)

    told(stripe)
    told(stripe)

    assert PayoutStatus.PAID is payout().status
    assert (0, 0, NET) == money(owed)
    assert 0 == transferring.sweep(owed.now + transferring.PATIENCE)
    assert 1 == len(made(stripe))


@pytest.mark.parametrize("kinds", [(), ("transfer.reversed",), ("transfer.reversed", "transfer.created")])
def test_a_reversed_transfer_is_owed_again_and_waits_for_a_new_destination(owed, stripe, kinds):
    transferring.pursue(pay(owed), owed.now)
    stripe.control(f"transfers/{made(stripe)[0]['id']}/reverse")

    for kind in kinds or ((),):
        told(stripe, *([kind] if kind else []))

    assert (PayoutStatus.RETURNED, "reversed", NET) == (
        payout().status,
        payout().reason,
        payout().returned,
    )
    assert (NET, 0, 0) == money(owed)
    owed.later(days=1)
    owed.run()
    assert [] == owed.pay().payouts
    destinations.put(MILAN, "EUR", Account(Through.STRIPE, CONNECTED), "mbr_owner", owed.now)
    transferring.pursue(pay(owed), owed.now)
    assert (0, 0, NET) == money(owed)
    assert owed.trial().balanced


def test_a_transfer_that_comes_back_in_parts_is_owed_again_part_by_part(owed, stripe):
    transferring.pursue(pay(owed), owed.now)
    transfer_id = made(stripe)[0]["id"]

    stripe.control(f"transfers/{transfer_id}/reverse", amount="1400")
    told(stripe)
    assert (PayoutStatus.PAID, 1400) == (payout().status, payout().returned)
    assert (1400, 0, NET - 1400) == money(owed)
    stripe.control(f"transfers/{transfer_id}/reverse")
    told(stripe)
    told(stripe)

    assert (PayoutStatus.RETURNED, NET) == (payout().status, payout().returned)
    assert (NET, 0, 0) == money(owed)
    owed.later(days=1)
    owed.run()
    _, again = owed.statements(MILAN)
    assert sorted([1400, NET - 1400]) == sorted(line.net for part in again.parts for line in part.lines)


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("acct_1StandinNoTransfers", "insufficient_capabilities_for_transfer"),
        ("acct_1StandinClosed", "account_closed"),
        ("acct_1StandinMissing", "resource_missing"),
    ],
)
def test_an_account_that_takes_nothing_has_its_payout_owed_again(stripe, account, reason):
    books = owing(Books(), account)

    assert transferring.pursue(pay(books), books.now)

    assert (PayoutStatus.RETURNED, reason) == (payout().status, payout().reason)
    assert (NET, 0, 0) == money(books)
    assert reason == store.destinations(MILAN)[0].stopped
    assert [] == made(stripe)


def test_a_balance_that_is_short_delays_a_transfer_and_is_no_return(aws):
    with stripe_running() as stripe:
        books = owing(Books(), CONNECTED)
        payout_id = pay(books)

        assert not transferring.pursue(payout_id, books.now)
        assert (PayoutStatus.CREATED, "") == (payout().status, store.destinations(MILAN)[0].stopped)
        stripe.control("balance", amount=str(FUNDS), currency="eur")
        assert 0 == transferring.sweep(books.now + transferring.PATIENCE)
        assert 1 == transferring.sweep(books.now + transferring.UNFUNDED)

        assert 1 == len(made(stripe))
        assert (0, 0, NET) == money(books)
    stripe_gateway.forget()


def test_a_refusal_after_an_act_that_was_not_heard_of_is_no_return(owed, stripe, monkeypatch):
    """Stripe refuses a key that it knows with other parameters: what it did under the key stands."""
    payout_id = pay(owed)
    fault(stripe, "drop_after", times="10")
    with pytest.raises(payments.ProviderUnavailable):
        transferring.pursue(payout_id, owed.now)
    heal(stripe)
    real, asked = payments.transfer_found, []

    def blind_once(*given: Any) -> Any:
        asked.append(given)
        return real(*given) if len(asked) > 1 else None

    monkeypatch.setattr(payments, "transfer_found", blind_once)
    monkeypatch.setattr(destinations, "opened", lambda *_: Account(Through.STRIPE, "acct_1Other"))

    assert 1 == transferring.sweep(owed.now + transferring.PATIENCE)

    assert (PayoutStatus.PAID, CONNECTED) == (payout().status, made(stripe)[0]["destination"])
    assert (0, 0, NET) == money(owed)


@pytest.mark.parametrize("why", ["hold", "changed"])
def test_what_may_not_leave_any_more_is_called_off(owed, stripe, why):
    payout_id = pay(owed)
    if why == "hold":
        paying.hold(MILAN, "look", OPERATOR, owed.now)
    else:
        destinations.put(MILAN, "EUR", Account(Through.STRIPE, "acct_1Other"), "mbr_owner", owed.now)

    assert transferring.pursue(payout_id, owed.now)

    assert [] == made(stripe)
    assert PayoutStatus.RETURNED is payout().status
    assert {"hold": filing.ON_HOLD, "changed": filing.CHANGED}[why] == payout().reason
    assert (NET, 0, 0) == money(owed)


@pytest.mark.parametrize("silent", [False, True], ids=["unfunded", "silent"])
@pytest.mark.parametrize("why", ["hold", "changed"])
def test_what_waits_at_stripe_is_called_off_where_it_may_not_leave_any_more(aws, why, silent):
    """It was asked for once, in vain; before it is asked for again everything must still stand."""
    with stripe_running() as stripe:
        books = owing(Books(), CONNECTED)
        payout_id = pay(books)
        if silent:
            fault(stripe, "drop_before", times="10")
            with pytest.raises(payments.ProviderUnavailable):
                transferring.pursue(payout_id, books.now)
            heal(stripe)
        else:
            assert not transferring.pursue(payout_id, books.now)
        if why == "hold":
            paying.hold(MILAN, "look", OPERATOR, books.now)
        else:
            destinations.put(MILAN, "EUR", Account(Through.STRIPE, "acct_1Other"), "mbr_owner", books.now)
        stripe.control("balance", amount=str(FUNDS), currency="eur")

        transferring.sweep(books.now + transferring.UNFUNDED)

        assert [] == made(stripe)
        assert PayoutStatus.RETURNED is payout().status
        assert {"hold": filing.ON_HOLD, "changed": filing.CHANGED}[why] == payout().reason
        assert "" == store.destinations(MILAN)[0].stopped
        assert (NET, 0, 0) == money(books)
        assert books.trial().balanced
    stripe_gateway.forget()


def test_a_hold_put_at_the_moment_of_asking_again_stops_the_transfer(aws, monkeypatch):
    """Between the look at it and the commit."""
    with stripe_running() as stripe:
        books = owing(Books(), CONNECTED)
        transferring.pursue(pay(books), books.now)
        stripe.control("balance", amount=str(FUNDS), currency="eur")
        real = store.not_held

        def held_meanwhile(merchant_id: str) -> Any:
            monkeypatch.setattr(store, "not_held", real)
            paying.hold(merchant_id, "look", OPERATOR, books.now)
            return real(merchant_id)

        monkeypatch.setattr(store, "not_held", held_meanwhile)
        transferring.sweep(books.now + transferring.UNFUNDED)

        assert ([], PayoutStatus.RETURNED) == (made(stripe), payout().status)
        assert (NET, 0, 0) == money(books)
    stripe_gateway.forget()


def test_a_transfer_told_of_while_its_payout_waits_for_funds_is_not_made_again(aws):
    """Somebody made it by hand, in the payout's group."""
    with stripe_running() as stripe:
        books = owing(Books(), CONNECTED)
        payout_id = pay(books)
        transferring.pursue(payout_id, books.now)
        stripe.control("balance", amount=str(FUNDS), currency="eur")
        payments.transfer(payout_id, payout().amount, CONNECTED, "by_hand", books.now)

        told(stripe)
        transferring.sweep(books.now + transferring.UNFUNDED)

        assert (PayoutStatus.PAID, 1) == (payout().status, len(made(stripe)))
        assert (0, 0, NET) == money(books)
    stripe_gateway.forget()


@pytest.fixture
def two(owed: Books) -> list[str]:
    """Two payouts, in the order in which a sweep takes them."""
    pay(owed)
    owed.tell(completed(5000, order="ord_2", merchant=MILAN, at=owed.now))
    owed.later(days=1)
    owed.run()
    pay(owed)
    return [each for shard in range(store.SHARDS) for each in store.to_ask(shard, owed.now, 12)]


def amiss(monkeypatch: pytest.MonkeyPatch, payout_id: str, refusal: Exception) -> list[str]:
    """Asking for one payout fails. Returns: those that are asked for from now on."""
    real, asked = payments.transfer, []

    def transfer(reference: str, *given: Any) -> payments.Transfer:
        asked.append(reference)
        if reference == payout_id:
            raise refusal
        return real(reference, *given)

    monkeypatch.setattr(payments, "transfer", transfer)
    return asked


@pytest.mark.parametrize(
    "refusal",
    [payments.ProviderUnavailable(), PayoutDiffers(payout_id="", amount=1, told=2)],
    ids=["silent", "differs"],
)
def test_a_payout_that_cannot_be_looked_after_stops_no_other(owed, stripe, two, monkeypatch, refusal):
    first, second = two
    amiss(monkeypatch, first, refusal)
    assert 1 == transferring.sweep(owed.now)
    assert 0 == transferring.sweep(owed.now + transferring.PATIENCE)

    assert [second] == [each["transfer_group"] for each in made(stripe)]
    (left,) = [each for each in paying.listed(MILAN, OPERATOR, 100, None).items if each.payout_id == first]
    assert (PayoutStatus.SENT, owed.now + transferring.PATIENCE * 2) == (left.status, left.ask_at)
    assert (0, NET, NET) == money(owed)
    assert owed.trial().balanced


def test_every_look_that_fails_has_the_others_looked_after_first(owed, stripe, two, monkeypatch):
    first, second = two
    fault(stripe, "drop_before", times="10")
    for payout_id in two:
        with pytest.raises(payments.ProviderUnavailable):
            transferring.pursue(payout_id, owed.now)
    heal(stripe)
    real = payments.transfer_found

    def found(reference: str, now: datetime) -> payments.Transfer | None:
        if reference == first:
            raise payments.ProviderUnavailable
        return real(reference, now)

    monkeypatch.setattr(payments, "transfer_found", found)
    now = owed.now + timedelta(hours=1)

    assert 1 == transferring.sweep(now)

    (left,) = [each for each in paying.listed(MILAN, OPERATOR, 100, None).items if each.payout_id == first]
    assert now + transferring.PATIENCE == left.ask_at
    assert [second] == [each["transfer_group"] for each in made(stripe)]


def test_a_provider_that_is_known_not_to_answer_ends_the_run(owed, stripe, two, monkeypatch):
    asked = amiss(monkeypatch, two[0], payments.ProviderUnavailable())
    monkeypatch.setattr(payments, "transfers_stopped", lambda _: True)

    assert 0 == transferring.sweep(owed.now)

    assert [two[0]] == asked


def test_nobody_but_stripe_tells_of_a_transfer(owed):
    payout_id = pay(owed)

    for to in (PayoutStatus.SENT, PayoutStatus.PAID, PayoutStatus.RETURNED):
        with pytest.raises(PayoutNotMovable):
            paying.move(payout_id, to, owed.now)


def test_another_accounts_or_anothers_transfer_moves_nothing(owed, stripe):
    payout_id = pay(owed)
    transferring.pursue(payout_id, owed.now)
    stripe.control(f"transfers/{made(stripe)[0]['id']}/reverse")
    (event,) = [each for each in stripe.events() if each["type"] == "transfer.reversed"]
    without = {**event["data"]["object"], "transfer_group": None}

    stripe.deliver([{**event, "id": "evt_1", "account": "acct_1Else"}])
    stripe.deliver([{**event, "id": "evt_2", "livemode": True}])
    stripe.deliver([{**event, "id": "evt_3", "data": {"object": without}}])
    pump.pump()

    assert PayoutStatus.PAID is payout().status
    assert (0, 0, NET) == money(owed)


def test_a_transfer_of_another_amount_is_set_aside(owed, stripe):
    payout_id = pay(owed)
    fault(stripe, "drop_before", times="10")
    with pytest.raises(payments.ProviderUnavailable):
        transferring.pursue(payout_id, owed.now)
    heal(stripe)
    stripe.standin.account.store.add(
        {
            **_transfer_shape(), "amount": NET + 1, "transfer_group": payout_id, "metadata": {"reference": payout_id},
        }
    )  # fmt: skip

    now = owed.now + transferring.PATIENCE
    assert 0 == transferring.sweep(now)

    assert (PayoutStatus.SENT, now + transferring.SET_ASIDE) == (payout().status, payout().ask_at)
    assert (0, NET, 0) == money(owed)


@pytest.mark.parametrize("status", [PayoutStatus.RETURNED, PayoutStatus.PAID])
def test_a_transfer_that_its_payout_did_not_leave_by_is_set_aside(owed, stripe, status):
    """A second one, or one for a payout that was called off: money may have left twice."""
    payout_id = pay(owed)
    if status is PayoutStatus.RETURNED:
        paying.hold(MILAN, "look", OPERATOR, owed.now)
    transferring.pursue(payout_id, owed.now)
    before = payout(), money(owed)
    second = payments.transfer(payout_id, payout().amount, CONNECTED, "by_hand", owed.now)

    with pytest.raises(PayoutDiffers):
        transferring.told(second, owed.now)

    assert status is payout().status
    assert before == (payout(), money(owed))
    transferring.told(replace(second, reversed=NET), owed.now)
    assert before == (payout(), money(owed))


def _transfer_shape() -> dict[str, Any]:
    with StripeStandIn(secret_key="sk_test_stage") as other:
        store = other.account.store
        return {
            "id": store.new_id("transfer"), "object": "transfer", "amount": 1, "amount_reversed": 0, "currency": "eur",
            "created": 1, "destination": CONNECTED, "livemode": False, "reversed": False,
        }  # fmt: skip


def breaker() -> Any:
    key = {"pk": {"S": "breaker#stripe"}, "sk": {"S": "breaker"}}
    return json.loads(dynamo.call("GetItem", TableName=aws.name("payments"), Key=key)["Item"]["breaker"]["S"])


@pytest.mark.parametrize("act", ["turn", "sweep"])
def test_a_transfer_that_is_not_answered_counts_towards_the_breaker(owed, stripe, act):
    if act == "sweep":
        pay(owed)
    fault(stripe, "drop_before", times="10")

    if act == "turn":
        running.take(json.dumps({"merchant_id": MILAN}), owed.now)
    else:
        transferring.sweep(owed.now)

    heal(stripe)
    assert (1, None) == (breaker()["failures"], breaker()["opened_at"])
    assert [] == made(stripe)


def test_a_refusal_that_the_sweep_hears_stops_the_destination_and_tells_of_it(stripe):
    books = owing(Books(), "acct_1StandinClosed")
    pay(books)

    assert 1 == transferring.sweep(books.now)

    assert (PayoutStatus.RETURNED, "account_closed") == (payout().status, payout().reason)
    assert "account_closed" == store.destinations(MILAN)[0].stopped
    told_of = [event["event"] for event in books.announced()]
    assert 2 == told_of.count("settlement.destination_changed"), "when it was set, and when it was stopped"
