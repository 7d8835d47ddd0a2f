"""An entry balances or is not made; balances are the sums of postings; a trial balance can be out of balance."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money
from functions.settlement.domain.ledger import (
    Balance,
    Entry,
    Posting,
    TrialBalance,
    Unbalanced,
    balances,
    credit,
    debit,
    sums,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)

ACCOUNTS = st.sampled_from(["customer_funds", "psp:stripe", "fx:EUR", "merchant_payable:mrc_1"])
POSTINGS = st.lists(
    st.builds(
        lambda account, currency, amount: debit(account, Money(amount, currency)),
        ACCOUNTS,
        st.sampled_from(["EUR", "CNY", "JPY"]),
        st.integers(-(10**12), 10**12),
    ),
    max_size=8,
).map(lambda made: tuple(posting for one in made for posting in one))


def entry(*postings: Posting) -> Entry:
    return Entry("ent_1", "capture:1", "payment_captured", NOW, tuple(postings))


@given(POSTINGS)
def test_an_entry_exists_exactly_where_each_currency_balances(postings):
    per_currency: dict[str, int] = {}
    for posting in postings:
        held = per_currency.get(posting.currency, 0)
        per_currency[posting.currency] = held + posting.debit - posting.credit

    if any(per_currency.values()):
        with pytest.raises(Unbalanced):
            entry(*postings)
    else:
        assert postings == entry(*postings).postings


def test_equal_amounts_of_two_currencies_do_not_balance():
    with pytest.raises(Unbalanced) as refused:
        entry(*debit("psp:stripe", Money(100, "EUR")), *credit("customer_funds", Money(100, "USD")))

    assert {"rule": "payment_captured", "currency": "EUR", "debits": 100, "credits": 0} == refused.value.facts


def test_an_entry_that_moves_no_money_has_no_postings():
    assert (
        ()
        == entry(*debit("psp:stripe", Money(0, "EUR")), *credit("customer_funds", Money(0, "EUR"))).postings
    )


@pytest.mark.parametrize(
    ("account", "currency", "debits", "credits_"),
    [
        ("customer_funds", "EUR", 0, 0),
        ("customer_funds", "EUR", 5, 5),
        ("customer_funds", "EUR", -5, 0),
        ("customer_funds", "EUR", 5, -5),
        ("customer_funds", "ABC", 5, 0),
        ("cash", "EUR", 5, 0),
        ("psp", "EUR", 5, 0),
        ("psp:", "EUR", 5, 0),
        ("customer_funds:x", "EUR", 5, 0),
        ("", "EUR", 5, 0),
    ],
)
def test_a_posting_is_one_amount_above_zero_on_an_account_of_the_chart(account, currency, debits, credits_):
    with pytest.raises(ValueError):
        Posting(account, currency, debits, credits_)


def test_a_negative_debit_is_a_credit():
    assert (Posting("customer_funds", "EUR", 0, 7),) == debit("customer_funds", Money(-7, "EUR"))
    assert (Posting("customer_funds", "EUR", 7, 0),) == credit("customer_funds", Money(-7, "EUR"))


@given(POSTINGS, st.randoms(use_true_random=False))
def test_balances_do_not_depend_on_the_order_or_grouping_of_postings(postings, random):
    shuffled = list(postings)
    random.shuffle(shuffled)
    cut = random.randint(0, len(shuffled))

    parts = (*balances(shuffled[:cut]), *balances(shuffled[cut:]))

    assert balances(postings) == balances(parts)
    assert sums(postings) == sums(parts)


def test_a_trial_balance_is_out_of_balance_where_one_currency_is():
    even = (Balance("psp:stripe", "EUR", 100, 0), Balance("customer_funds", "EUR", 0, 100))

    assert TrialBalance(NOW, even).balanced
    assert TrialBalance(NOW, ()).balanced
    assert not TrialBalance(NOW, (*even, Balance("psp:stripe", "USD", 1, 0))).balanced
    assert not TrialBalance(NOW, (even[0], Balance("customer_funds", "CNY", 0, 100))).balanced
    assert not TrialBalance(NOW, (even[0], Balance("customer_funds", "EUR", 0, 101))).balanced


def test_a_balance_stands_on_the_side_that_it_falls_on():
    assert (70, 0) == Balance("psp:stripe", "EUR", 100, 30).closing
    assert (0, 70) == Balance("psp:stripe", "EUR", 30, 100).closing
    assert (0, 0) == Balance("psp:stripe", "EUR", 30, 30).closing
