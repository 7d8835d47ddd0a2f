"""The packaged artefact, deployed as on AWS: the whole path, a flash sale, and webhooks as a provider may send them."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

from infra.local import story
from tests.support import e2e_flash, e2e_rows
from tests.support.e2e_market import Market, intent_of

ORDERINGS = 8
"""Of the orders in which a payment's events may come; all of them are tried in process."""


def test_the_story_comes_true_from_the_catalogue_to_the_balanced_books(market: Market) -> None:
    told: list[str] = []

    story.tell(market.up, told.append)
    market.wait_quiet()

    assert len(told) > 50
    assert ["DE", "US", "CN"] in [line.split() for line in told]
    assert 0 == market.dead_letters()


def test_three_hundred_buyers_at_once_buy_exactly_the_hundred_units(
    market: Market, figures: list[str]
) -> None:
    sku = market.stocked(units=100)
    offers = e2e_flash.quotes(market.api.call, sku, buyers=300, at_once=8)

    sale = e2e_flash.sell(market.api.call, offers)

    written = e2e_rows.written(market.dynamodb, market.up.stage, sku)
    figures.append(
        f"flash sale over HTTP: 300 answers in {sale.seconds:.1f} s, {100 / sale.seconds:.1f} orders/s, "
        f"{sale.asked_again} times busy"
    )
    assert [] == e2e_flash.findings(sale, 100, market.stock(sku), written)


def test_one_event_delivered_twenty_times_at_once_counts_once(market: Market) -> None:
    sku = market.stocked(units=5)
    market.wait_quiet()
    before = market.balances()
    placed = market.placed(sku)
    market.control("webhooks/hold")
    market.control(f"payment_intents/{intent_of(placed)}/pay")
    succeeded = _event(market, placed, "payment_intent.succeeded")

    answers = market.control(f"events/{succeeded['id']}/deliver", times="20", concurrent="true")
    market.control("webhooks/release", order="reversed")
    market.wait_quiet()

    assert Counter({200: 20}) == Counter(answers["statuses"])
    _assert_paid_once(market, placed)
    total, fee = placed["total"]["amount"], market.fee_of(intent_of(placed))
    assert _paid(total, fee) == _moved(before, market.balances())
    assert {"on_hand": 4, "reserved": 0, "available": 4} == market.stock(sku)


def test_the_events_of_a_payment_in_any_order_end_the_same(market: Market) -> None:
    sku = market.stocked(units=ORDERINGS)
    market.wait_quiet()
    before = market.balances()
    market.control("webhooks/hold")
    with ThreadPoolExecutor(4) as pool:
        orders = list(pool.map(lambda _: market.placed(sku), range(ORDERINGS)))
    for placed in orders:
        market.control(f"payment_intents/{intent_of(placed)}/fail")
        market.control(f"payment_intents/{intent_of(placed)}/pay")

    chance = Random(7)
    for placed in orders:
        events = [event["id"] for event in market.events_of(intent_of(placed))]
        assert 6 == len(events)
        ordering = chance.sample(events, len(events))
        chosen = {f"events[{n}]": event for n, event in enumerate(ordering)}
        delivered = market.control("webhooks/release", **chosen)["delivered"]
        assert [(event, 200) for event in ordering] == [(one["event"], one["status"]) for one in delivered]
    market.control("webhooks/release")
    market.wait_quiet()

    for placed in orders:
        _assert_paid_once(market, placed)
    total = sum(placed["total"]["amount"] for placed in orders)
    fee = sum(market.fee_of(intent_of(placed)) for placed in orders)
    assert _paid(total, fee) == _moved(before, market.balances())
    assert {"on_hand": 0, "reserved": 0, "available": 0} == market.stock(sku)
    assert 0 == market.dead_letters()


def _assert_paid_once(market: Market, placed: Any) -> None:
    """One capture, one entry in the ledger, one of each in the timeline."""
    order = market.order(placed)
    assert ("paid", "captured") == (order["status"], order["payment_status"])
    told = Counter(entry["event"] for entry in order["timeline"])
    assert {1} == {told[event] for event in ("placed", "payment_authorised", "payment_captured", "paid")}, (
        told
    )
    assert 1 == len(market.entries_of(intent_of(placed)))


def _paid(total: int, fee: int) -> dict[tuple[str, str], int]:
    """What payments of `total` in EUR, of which the provider kept `fee`, do to the balances."""
    return {
        ("psp:stripe", "EUR"): total - fee,
        ("psp_fee_expense", "EUR"): fee,
        ("customer_funds", "EUR"): -total,
    }


def _event(market: Market, placed: Any, kind: str) -> dict[str, Any]:
    (found,) = [event for event in market.events_of(intent_of(placed)) if event["type"] == kind]
    return found


def _moved(
    before: dict[tuple[str, str], int], after: dict[tuple[str, str], int]
) -> dict[tuple[str, str], int]:
    """What changed, by account and currency."""
    changed = {key: after.get(key, 0) - before.get(key, 0) for key in before.keys() | after.keys()}
    return {key: amount for key, amount in changed.items() if amount}
