"""Which accounts each event of business moves, by worked examples and by what must hold of any."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import Entry, Posting, Postings, Unbalanced, balances, sums
from functions.settlement.domain.rules import Charges, Conversion
from tests.unit.settlement.shares import MERCHANT, share

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
PAYABLE = f"merchant_payable:{MERCHANT}"


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


def moved(postings: Postings) -> dict[tuple[str, str], int]:
    """Debits above zero, credits below, by account and currency."""
    return {(b.account, b.currency): b.debits - b.credits for b in balances(postings)}


def test_a_capture_is_owed_to_the_buyer_until_the_share_completes():
    expected = (Posting("psp:stripe", "EUR", 13328, 0), Posting("customer_funds", "EUR", 0, 13328))

    assert expected == rules.payment_captured("stripe", eur(13328))


def test_a_refund_leaves_the_provider():
    expected = (Posting("customer_funds", "EUR", 500, 0), Posting("psp:stripe", "EUR", 0, 500))

    assert expected == rules.refund_succeeded("stripe", eur(500))


def test_a_completed_share_is_owed_to_merchant_carrier_and_authority():
    completed = share(10000, freight=1200, taxes=[("EU-IOSS", 2128, "platform")])

    expected = {
        ("customer_funds", "EUR"): 13328,
        (PAYABLE, "EUR"): -10000,
        ("carrier_payable", "EUR"): -1200,
        ("tax_payable:EU-IOSS", "EUR"): -2128,
    }
    assert expected == moved(rules.share_completed(completed))


def test_a_tax_that_the_seller_owes_is_paid_to_the_seller():
    completed = share(10000, freight=1200, taxes=[("DE", 1900, "seller"), ("EU-IOSS", 300, "platform")])

    expected = {
        ("customer_funds", "EUR"): 13400,
        (PAYABLE, "EUR"): -11900,
        ("carrier_payable", "EUR"): -1200,
        ("tax_payable:EU-IOSS", "EUR"): -300,
    }
    assert expected == moved(rules.share_completed(completed))


def test_taxes_of_one_authority_are_one_posting():
    completed = share(0, taxes=[("CN-GACC", 70, "platform"), ("CN-GACC", 30, "platform")])

    assert Posting("tax_payable:CN-GACC", "EUR", 0, 100) in rules.share_completed(completed)


def test_a_refund_before_completion_is_borne_by_the_merchant():
    completed = share(10000, freight=1200, taxes=[("EU-IOSS", 2128, "platform")], refunded=4000)

    expected = {
        ("customer_funds", "EUR"): 9328,
        (PAYABLE, "EUR"): -6000,
        ("carrier_payable", "EUR"): -1200,
        ("tax_payable:EU-IOSS", "EUR"): -2128,
    }
    assert expected == moved(rules.share_completed(completed))


def test_a_refund_above_the_goods_leaves_the_merchant_owing():
    completed = share(10000, freight=1200, taxes=[("EU-IOSS", 2128, "platform")], refunded=13328)

    expected = {
        (PAYABLE, "EUR"): 3328,
        ("carrier_payable", "EUR"): -1200,
        ("tax_payable:EU-IOSS", "EUR"): -2128,
    }
    assert expected == moved(rules.share_completed(completed))


def test_a_share_whose_parts_are_not_what_was_paid_is_refused():
    with pytest.raises(Unbalanced):
        Entry("ent_1", "share:1", "share_completed", NOW, rules.share_completed(share(10000, paid=10001)))


def test_a_refund_after_completion_is_taken_from_the_merchant():
    expected = {(PAYABLE, "EUR"): 2500, ("customer_funds", "EUR"): -2500}

    assert expected == moved(rules.share_refunded(MERCHANT, eur(2500)))


def test_a_conversion_balances_in_each_currency_and_books_what_it_gains():
    conversion = Conversion(sold=eur(10000), bought=Money(75259, "CNY"), credited=Money(75000, "CNY"))

    postings = rules.part_settled(MERCHANT, [conversion], Charges(Money(6000, "CNY"), Money(1693, "CNY")))

    expected = {
        (PAYABLE, "EUR"): 10000,
        ("fx:EUR", "EUR"): -10000,
        ("fx:CNY", "CNY"): 75259,
        (PAYABLE, "CNY"): -75000 + 6000 + 1693,
        ("fx_gain_loss", "CNY"): -259,
        ("commission_income", "CNY"): -6000,
        ("payment_fee_income", "CNY"): -1693,
    }
    assert expected == moved(postings)


def test_a_loss_on_rounding_is_a_debit():
    conversion = Conversion(sold=eur(2), bought=Money(15, "CNY"), credited=Money(16, "CNY"))

    postings = rules.part_settled(MERCHANT, [conversion], Charges(Money(0, "CNY"), Money(0, "CNY")))

    assert 1 == moved(postings)[("fx_gain_loss", "CNY")]


AMOUNTS = st.integers(0, 10**9)
TAXES = st.lists(
    st.tuples(
        st.sampled_from(["EU-IOSS", "GB-HMRC", "DE"]), AMOUNTS, st.sampled_from(["platform", "seller"])
    ),
    max_size=4,
)


@given(goods=AMOUNTS, freight=AMOUNTS, taxes=TAXES, part=st.integers(0, 100))
def test_any_share_balances_and_pays_out_all_that_was_kept(goods, freight, taxes, part):
    whole = goods + freight + sum(amount for _, amount, _ in taxes)
    completed = share(goods, freight, taxes, refunded=whole * part // 100)

    postings = rules.share_completed(completed)

    assert all(debits == credits_ for debits, credits_ in sums(postings).values())
    kept = whole - completed.refunded
    assert kept == -rules.effect(postings, "customer_funds", "EUR").amount
    assert completed.payable == rules.effect(postings, PAYABLE, "EUR").amount


def test_every_account_that_a_rule_moves_stands_in_the_chart():
    moved_by = (
        rules.payout_made(MERCHANT, "pain:eur", eur(5)),
        rules.payout_paid("pain:eur", rules.bank("house"), eur(5)),
        rules.payout_returned(MERCHANT, rules.in_transit("stripe"), eur(5)),
        rules.reserve_released(MERCHANT, eur(5)),
        rules.provider_fee("stripe", eur(5)),
        rules.provider_converted("stripe", Money(100, "CNY"), eur(13)),
        rules.dispute_opened("stripe", eur(5)),
        rules.dispute_fee("stripe", eur(5)),
        rules.dispute_won("stripe", eur(5)),
        rules.dispute_lost(eur(5), {MERCHANT: eur(3)}),
        rules.receipt_unmatched(rules.bank("house"), eur(5)),
        rules.receipt_matched(eur(5)),
        rules.receipt_returned(rules.psp("bank"), eur(5)),
        rules.difference_suspended(rules.psp("stripe"), eur(-5)),
        rules.difference_written_off(rules.bank("house"), eur(5)),
    )

    for postings in moved_by:
        assert postings
        assert all(one[0] == one[1] for one in sums(postings).values())


def test_a_lost_dispute_is_borne_by_its_merchants_and_the_rest_by_us():
    expected = {(PAYABLE, "EUR"): 300, ("dispute_loss", "EUR"): 200, ("disputed_funds", "EUR"): -500}

    assert expected == moved(rules.dispute_lost(eur(500), {MERCHANT: eur(300)}))


def test_a_dispute_that_is_won_leaves_nothing_but_its_fee():
    opened = rules.dispute_opened("stripe", eur(500)) + rules.dispute_fee("stripe", eur(20))

    expected = {("psp:stripe", "EUR"): -20, ("dispute_fee_expense", "EUR"): 20, ("disputed_funds", "EUR"): 0}
    assert expected == moved(opened + rules.dispute_won("stripe", eur(500)))


def test_a_payout_that_comes_back_is_owed_again():
    paid = rules.payout_made(MERCHANT, "pain:eur", eur(900)) + rules.payout_paid(
        "pain:eur", "bank:house", eur(900)
    )

    balance = moved(paid + rules.payout_returned(MERCHANT, "bank:house", eur(900)))

    assert {0} == set(balance.values())
