"""In and out of stock, announced once per change, whatever the order and number of events."""

import pytest

from entrepot.cloud import inbox, writes
from entrepot.contracts.events import Event
from entrepot.contracts.inventory import StockMoved
from entrepot.contracts.orders import OrderCancelled, OrderPlaced, StockLine
from functions.inventory import facade, store
from functions.inventory.facade import Demand
from functions.inventory.service import availability
from functions.inventory.triggers import triggers
from tests.integration.inventory.depot import NOW, Depot


def handle(event: Event) -> None:
    [consumer] = triggers.all
    consumer.handlers[type(event)](event, inbox.once("inventory-events", event.event_id, NOW), NOW)


def moved(event_id: str, sku: str = "SKU-1") -> StockMoved:
    return StockMoved(
        event_id=event_id,
        occurred_at=NOW,
        movement_id="mov_1",
        sku=sku,
        warehouse_id="whs_1",
        cause="receipt",
        units=1,
    )


def placed(event_id: str, *skus: str) -> OrderPlaced:
    return OrderPlaced(
        event_id=event_id,
        occurred_at=NOW,
        order_id="ord_1",
        member_id=None,
        payment_id="pay_1",
        currency="EUR",
        total=1,
        lines=tuple(
            StockLine(sku=sku, merchant_id="mrc_1", warehouse_id="whs_1", quantity=1) for sku in skus
        ),
    )


def cancelled(event_id: str, sku: str) -> OrderCancelled:
    lines = (StockLine(sku=sku, merchant_id="mrc_1", warehouse_id="whs_1", quantity=1),)
    return OrderCancelled(
        event_id=event_id, occurred_at=NOW, order_id="ord_1", whole=True, reason="x", lines=lines
    )


def announced(depot: Depot, sku: str = "SKU-1") -> list[tuple[bool, int]]:
    found = [event for event in depot.events("inventory.availability_changed") if event["sku"] == sku]
    return [(event["available"], event["sequence"]) for event in found]


def test_the_first_receipt_brings_a_sku_into_stock_and_the_second_says_nothing(depot):
    whs = depot.stocked("SKU-1", 3)
    handle(moved("evt_1"))
    depot.move("SKU-1", whs, 3)
    handle(moved("evt_2"))

    assert [(True, 1)] == announced(depot)


def test_the_last_unit_takes_it_out_and_a_cancellation_brings_it_back(depot):
    whs = depot.stocked("SKU-1", 1)
    handle(moved("evt_1"))
    held = depot.place("ord_1", Demand("SKU-1", whs, 1))
    handle(placed("evt_2", "SKU-1"))
    writes.commit(*facade.release(held, NOW))
    handle(cancelled("evt_3", "SKU-1"))

    assert [(True, 1), (False, 2), (True, 3)] == announced(depot)


def test_stock_in_another_warehouse_keeps_it_available(depot):
    whs = depot.stocked("SKU-1", 1)
    depot.move("SKU-1", depot.warehouse(country="DE"), 1)
    handle(moved("evt_1"))
    depot.place("ord_1", Demand("SKU-1", whs, 1))
    handle(placed("evt_2", "SKU-1"))

    assert [(True, 1)] == announced(depot)


def test_one_order_may_take_several_skus_out_of_stock(depot):
    places = {sku: depot.stocked(sku, 1) for sku in ("SKU-1", "SKU-2", "SKU-3")}
    for sku in places:
        handle(moved(f"evt_{sku}", sku))
    depot.place("ord_1", Demand("SKU-1", places["SKU-1"], 1), Demand("SKU-3", places["SKU-3"], 1))
    handle(placed("evt_1", "SKU-1", "SKU-2", "SKU-3", "SKU-1"))

    assert [False, True, False] == [announced(depot, sku)[-1][0] for sku in places]


def test_the_same_event_again_is_known_and_says_nothing(depot):
    depot.stocked("SKU-1", 3)
    handle(moved("evt_1"))

    with pytest.raises(inbox.AlreadyHandled):
        handle(moved("evt_1"))
    assert [(True, 1)] == announced(depot)


def test_late_events_find_the_stock_as_it_is(depot):
    whs = depot.stocked("SKU-1", 1)
    depot.place("ord_1", Demand("SKU-1", whs, 1))
    handle(placed("evt_2", "SKU-1"))
    handle(moved("evt_1"))

    assert [] == announced(depot)


def test_a_consumer_that_saw_old_stock_puts_it_right_itself(depot, monkeypatch):
    whs = depot.stocked("SKU-1", 1)
    announce = availability._announcements
    raced: list[bool] = []

    def slow(changed, now):
        if not raced:
            raced.append(True)
            # The stock goes, and its event is handled while the first consumer still believes in it.
            depot.place("ord_1", Demand("SKU-1", whs, 1))
            handle(placed("evt_2", "SKU-1"))
        return announce(changed, now)

    monkeypatch.setattr(availability, "_announcements", slow)
    handle(moved("evt_1"))

    assert [(True, 1), (False, 2)] == announced(depot)


@pytest.mark.parametrize("known", [False, True])
def test_a_consumer_that_was_overtaken_looks_again(depot, monkeypatch, known):
    whs = depot.stocked("SKU-1", 1)
    if known:
        handle(moved("evt_0"))
        depot.place("ord_1", Demand("SKU-1", whs, 1))
    announce = availability._announcements
    raced: list[bool] = []

    def slow(changed, now):
        if not raced:
            raced.append(True)
            handle(moved("evt_2"))
        return announce(changed, now)

    monkeypatch.setattr(availability, "_announcements", slow)
    handle(moved("evt_1"))

    assert ([(True, 1), (False, 2)] if known else [(True, 1)]) == announced(depot)
    with pytest.raises(inbox.AlreadyHandled):
        handle(moved("evt_1"))


def test_an_event_of_an_unknown_sku_is_handled_and_says_nothing(depot):
    handle(moved("evt_1", "NEVER-STOCKED"))

    assert [] == announced(depot, "NEVER-STOCKED")
    assert [] == store.buckets("NEVER-STOCKED")
