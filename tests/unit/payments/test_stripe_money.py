"""Stripe's amounts where they are not ISO 4217's, and what cannot be charged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money
from functions.payments.domain.payment import AmountNotChargeable
from functions.payments.stripe_money import chargeable, from_stripe, movable
from infra.local.stripe import money as standin
from infra.local.stripe.errors import StripeError


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Money(1999, "EUR"), 1999),
        (Money(500, "JPY"), 500),
        (Money(5, "ISK"), 500),
        (Money(700, "UGX"), 70_000),
        (Money(45_000, "MGA"), 450),
        (Money(17_501, "HUF"), 17_501),
        (Money(80_050, "TWD"), 80_050),
        (Money(5_120, "KWD"), 5_120),
        (Money(999_999_999_999, "IDR"), 999_999_999_999),
    ],
    ids=str,
)
def test_an_amount_is_said_in_stripes_units_and_read_back(ours: Money, theirs: int) -> None:
    assert theirs == chargeable(ours)
    assert ours == from_stripe(theirs, ours.currency.lower())


@pytest.mark.parametrize(
    "money",
    [
        Money(0, "EUR"),
        Money(-100, "EUR"),
        Money(49, "EUR"),
        Money(17_499, "HUF"),
        Money(100_000_000, "EUR"),
        Money(45_001, "MGA"),
        Money(5_124, "KWD"),
        Money(1_000, "IQD"),
        Money(1_000, "CLF"),
    ],
    ids=str,
)
def test_what_cannot_be_charged_exactly_is_refused(money: Money) -> None:
    with pytest.raises(AmountNotChargeable) as refused:
        chargeable(money)

    assert "amount_not_chargeable" == refused.value.code
    assert {"amount": money.amount, "currency": money.currency} == refused.value.facts


def test_a_part_may_be_smaller_than_the_least_charge() -> None:
    assert 1 == movable(Money(1, "EUR"))
    with pytest.raises(AmountNotChargeable):
        movable(Money(1, "KWD"))


@pytest.mark.parametrize(("amount", "currency"), [(550, "isk"), (100, "xyz"), (100, "")])
def test_what_stripe_cannot_have_meant_is_a_value_error(amount: int, currency: str) -> None:
    with pytest.raises(ValueError, match=r"Stripe|whole"):
        from_stripe(amount, currency)


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(1, 10**12))
def test_what_we_would_charge_the_stand_in_takes_and_gives_back(currency: str, amount: int) -> None:
    money = Money(amount, currency)
    try:
        theirs = chargeable(money)
    except AmountNotChargeable:
        return
    try:
        standin.check_charge(theirs, currency.lower())
    except StripeError as error:
        raise AssertionError(f"{money} is refused: {error}") from error

    assert money == from_stripe(theirs, currency)
