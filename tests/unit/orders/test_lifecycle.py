"""The one transition table, and what an order's status is when its shares differ."""

import itertools

import pytest

from functions.orders.domain.lifecycle import MOVES, IllegalTransition, Status, derived, moved

# Decision on the lifecycle, written down once more by hand: a change of the table must be a change here too.
DECIDED = {
    "awaiting_payment": {"paid", "cancelled", "expired"},
    "paid": {"packed", "partially_shipped", "shipped", "cancelled"},
    "packed": {"partially_shipped", "shipped", "cancelled"},
    "partially_shipped": {"shipped"},
    "shipped": {"delivered", "returned"},
    "delivered": {"completed", "returned"},
    "completed": {"returned"},
    "returned": set(),
    "cancelled": set(),
    "expired": set(),
}


@pytest.mark.parametrize(("current", "to"), list(itertools.product(Status, Status)))
def test_only_declared_transitions_happen(current: Status, to: Status) -> None:
    if to.value in DECIDED[current.value]:
        assert to is moved(current, to)
    else:
        with pytest.raises(IllegalTransition):
            moved(current, to)


def test_every_state_has_its_row() -> None:
    assert set(Status) == set(MOVES)


@pytest.mark.parametrize(
    ("shares", "order"),
    [
        ("paid", "paid"),
        ("paid packed", "paid"),
        ("paid cancelled", "paid"),
        ("cancelled cancelled", "cancelled"),
        ("shipped paid", "partially_shipped"),
        ("delivered paid", "partially_shipped"),
        ("shipped delivered", "shipped"),
        ("delivered completed", "delivered"),
        ("completed returned", "completed"),
        ("completed cancelled", "completed"),
        ("expired expired", "expired"),
    ],
)
def test_an_order_is_as_far_as_its_least_advanced_living_share(shares: str, order: str) -> None:
    assert order == derived(Status(share) for share in shares.split()).value
