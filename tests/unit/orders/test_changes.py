"""What can happen to an order: amounts are conserved, units are counted once, and states follow."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money
from functions.orders.domain import changes, refunding
from functions.orders.domain.lifecycle import IllegalTransition, Status
from functions.orders.domain.order import Order, RefundRef, ShipmentRef
from functions.orders.service.events import _owed
from tests.unit.orders.orders import LATER, NOW, line, order, paid_orders


def shipment(number: int, merchant: str, *lines: tuple[str, int]) -> ShipmentRef:
    return ShipmentRef(f"shp_{number}", merchant, "dhl_express", f"JD{number:010}", lines, "registered")


def test_paid_means_covered() -> None:
    with pytest.raises(AssertionError, match="covered"):
        changes.paid(order(), NOW)

    covered = replace(order(), authorised=1000)
    assert Status.PAID is changes.paid(covered, NOW).status


@given(paid_orders(), st.data())
def test_units_cancelled_one_after_another_are_worth_the_whole(bought: Order, data: st.DataObject) -> None:
    worth = 0
    current = bought
    while current.status is not Status.CANCELLED:
        open_lines = [each for each in current.lines if each.unshipped]
        chosen = data.draw(st.sampled_from(open_lines))
        units = data.draw(st.integers(1, chosen.unshipped))
        current, taken = changes.cancelled(
            current, {chosen.sku: units}, current.merchants, "changed my mind", "shopper", NOW
        )
        worth += taken.worth.amount

    assert bought.total.amount == worth
    assert bought.total == current.cancelled_worth


@given(paid_orders())
def test_the_parts_of_what_was_cancelled_sum_to_its_worth(bought: Order) -> None:
    _, taken = changes.cancelled(bought, None, bought.merchants, "no", "operator", NOW)

    assert taken.worth.amount == sum(
        part.amount for part in refunding.of_cancelled(bought, taken, bought.captured)
    )


@given(paid_orders())
def test_order_total_is_the_sum_of_its_lines(bought: Order) -> None:
    for charge in ("goods", "discount", "freight", "insurance", "duty", "import_tax", "fees"):
        assert all(getattr(each.bought, charge).amount >= 0 for each in bought.lines)
    assert bought.total.amount == sum(
        each.bought.goods.amount
        - each.bought.discount.amount
        + each.bought.freight.amount
        + each.bought.duty.amount
        + each.bought.import_tax.amount
        + each.bought.fees.amount
        for each in bought.lines
    )


@given(paid_orders(), st.data())
def test_what_is_owed_follows_what_is_left(bought: Order, data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(bought.lines))
    units = data.draw(st.integers(1, chosen.bought.quantity))
    after, _ = changes.cancelled(bought, {chosen.sku: units}, bought.merchants, "no", "shopper", NOW)

    for merchant in bought.merchants:
        left = sum(
            each.part("import_tax", each.remaining, each.cancelled).amount
            for each in after.lines_of(merchant)
        )
        assert left == sum(owed.amount for owed in _owed(after, merchant))


def test_an_unpaid_order_is_cancelled_as_a_whole() -> None:
    two = order(line("A", "mrc_1"), line("B", "mrc_2"))

    with pytest.raises(IllegalTransition):
        changes.cancelled(two, {"A": 1}, two.merchants, "no", "shopper", NOW)
    with pytest.raises(IllegalTransition):
        changes.cancelled(two, None, ("mrc_1",), "no", "merchant", NOW)

    after, _ = changes.cancelled(two, None, two.merchants, "no", "shopper", NOW)
    assert Status.CANCELLED is after.status


def test_one_merchant_cancels_only_its_own_lines() -> None:
    two = order(line("A", "mrc_1"), line("B", "mrc_2", price=500), status=Status.PAID, captured=True)

    after, taken = changes.cancelled(two, None, ("mrc_2",), "sold out", "merchant", NOW)

    assert Money(500, "EUR") == taken.worth
    assert (Status.PAID, Status.CANCELLED) == (after.share("mrc_1").status, after.share("mrc_2").status)
    assert Status.PAID is after.status


def test_what_is_shipped_cannot_be_cancelled_and_the_rest_can() -> None:
    bought = order(line("A", quantity=3), status=Status.PAID, captured=True)
    part = changes.shipped(bought, shipment(1, "mrc_1", ("A", 2)), NOW)
    assert Status.PARTIALLY_SHIPPED is part.status

    after, taken = changes.cancelled(part, None, part.merchants, "late", "shopper", NOW)

    assert Money(1000, "EUR") == taken.worth
    assert Status.SHIPPED is after.status
    with pytest.raises(IllegalTransition):
        changes.cancelled(after, None, after.merchants, "late", "shopper", NOW)


def test_more_than_is_left_is_not_shipped() -> None:
    bought = order(line("A", quantity=3), status=Status.PAID, captured=True)

    with pytest.raises(changes.TooManyUnits):
        changes.shipped(bought, shipment(1, "mrc_1", ("A", 4)), NOW)
    with pytest.raises(changes.UnknownLine):
        changes.shipped(bought, shipment(1, "mrc_1", ("B", 1)), NOW)


def test_a_share_is_delivered_when_all_its_parcels_are_and_completes_later() -> None:
    bought = order(line("A", quantity=2), status=Status.PAID, captured=True)
    sent = changes.shipped(bought, shipment(1, "mrc_1", ("A", 1)), NOW)
    sent = changes.shipped(sent, shipment(2, "mrc_1", ("A", 1)), NOW)
    days = timedelta(days=14)

    first = changes.shipment_moved(sent, "shp_1", "delivered", LATER, days, LATER)
    assert Status.SHIPPED is first.status
    both = changes.shipment_moved(first, "shp_2", "delivered", LATER, days, LATER)

    assert Status.DELIVERED is both.status
    assert LATER + days == both.due_at()
    assert Status.COMPLETED is changes.completed(both, "mrc_1", LATER + days).status


@given(paid_orders(), st.data())
def test_refunds_never_exceed_what_was_captured(bought: Order, data: st.DataObject) -> None:
    current = bought
    for number in range(data.draw(st.integers(1, 8))):
        merchants = data.draw(st.sampled_from([bought.merchants, *[(each,) for each in bought.merchants]]))
        wanted = Money(data.draw(st.integers(1, bought.total.amount + 10)), "EUR")
        try:
            parts = refunding.of_amount(current, wanted, merchants)
        except refunding.ExceedsCaptured:
            continue
        assert wanted.amount == sum(part.amount for part in parts)
        refund = RefundRef(f"rfd_{number}", wanted, "requested", "late", for_cancelled=False, parts=parts)
        current = refunding.granted(current, refund, "operator", NOW)
        current = refunding.settled(
            current, refund.refund_id, data.draw(st.sampled_from(["succeeded", "failed"])), NOW
        )

    assert current.refunded <= bought.total


def test_a_refund_is_settled_once_and_failed_is_the_end() -> None:
    bought = order(line("A"), status=Status.PAID, captured=True)
    parts = refunding.of_amount(bought, Money(400, "EUR"), bought.merchants)
    refund = RefundRef("rfd_1", Money(400, "EUR"), "requested", "late", for_cancelled=False, parts=parts)
    done = refunding.settled(refunding.granted(bought, refund, "merchant", NOW), "rfd_1", "succeeded", NOW)

    assert done == refunding.settled(done, "rfd_1", "succeeded", LATER)
    assert "partially_refunded" == done.payment_status
    failed = refunding.settled(done, "rfd_1", "failed", LATER)  # the bank sent it back days later
    assert "captured" == failed.payment_status
    assert failed == refunding.settled(failed, "rfd_1", "succeeded", LATER)


def test_a_unit_is_refunded_once_by_its_line() -> None:
    bought = order(line("A", quantity=3, import_tax=100), status=Status.PAID, captured=True)

    worth = 0
    for number, units in enumerate((2, 1)):
        parts = refunding.of_lines(bought, {"A": units}, bought.merchants)
        amount = Money(sum(part.amount for part in parts), "EUR")
        worth += amount.amount
        made = RefundRef(f"rfd_{number}", amount, "requested", "late", False, parts, (("A", units),))
        bought = refunding.granted(bought, made, "merchant", NOW)

    assert bought.total.amount == worth
    with pytest.raises(refunding.ExceedsCaptured):
        refunding.of_lines(bought, {"A": 1}, bought.merchants)


def test_an_order_has_only_so_many_shipments() -> None:
    bought = order(line("A", quantity=100), status=Status.PAID, captured=True)
    for number in range(changes.MOST_SHIPMENTS):
        bought = changes.shipped(bought, shipment(number, "mrc_1", ("A", 1)), NOW)

    with pytest.raises(changes.TooManyShipments):
        changes.shipped(bought, shipment(99, "mrc_1", ("A", 1)), NOW)


@pytest.mark.parametrize("arrived_first", [False, True])
def test_a_share_that_came_back_is_settled_too(arrived_first: bool) -> None:
    days = timedelta(days=14)
    bought = order(line("A"), status=Status.PAID, captured=True)
    sent = changes.shipped(bought, shipment(1, "mrc_1", ("A", 1)), NOW)
    if arrived_first:
        sent = changes.shipment_moved(sent, "shp_1", "delivered", NOW, days, NOW)
    back = changes.shipment_moved(sent, "shp_1", "returned", LATER, days, LATER)
    assert (Status.RETURNED, LATER + days) == (back.status, back.due_at())

    settled = changes.completed(back, "mrc_1", LATER + days)

    assert (Status.RETURNED, None, True) == (settled.status, settled.due_at(), settled.share("mrc_1").settled)
    refund = RefundRef(
        "rfd_1",
        Money(400, "EUR"),
        "requested",
        "late",
        False,
        refunding.of_amount(settled, Money(400, "EUR"), settled.merchants),
    )
    _, more = refunding.charged(refunding.granted(settled, refund, "operator", LATER))
    assert {"mrc_1": 400} == more


def test_what_comes_back_after_completion_is_not_settled_twice() -> None:
    days = timedelta(days=14)
    bought = order(line("A"), status=Status.PAID, captured=True)
    sent = changes.shipped(bought, shipment(1, "mrc_1", ("A", 1)), NOW)
    done = changes.completed(
        changes.shipment_moved(sent, "shp_1", "delivered", NOW, days, NOW), "mrc_1", LATER
    )

    back = changes.shipment_moved(done, "shp_1", "returned", LATER, days, LATER)

    assert (Status.RETURNED, None) == (back.status, back.due_at())
