"""What a statement's lines come to, worked out by hand; and what holds of any lines, however they are cut."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import Entry
from functions.settlement.domain.shares import (
    PendingLine,
    ShareState,
    pending_refund,
    pending_release,
    pending_share,
)
from functions.settlement.domain.statements import (
    Account,
    Line,
    Part,
    Statement,
    Status,
    charges,
    conversions,
    opened,
    settled_line,
)
from functions.settlement.domain.terms import Terms, recorded_rate
from tests.unit.settlement.shares import MERCHANT, ORDER, Owed, share

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CNY = Fraction("7.5259")
NOTHING = ShareState()
PAYABLE = f"merchant_payable:{MERCHANT}"


def terms(
    currency: str = "CNY", commission: int = 800, fee: int = 150, fixed: int = 188, spread: int = 0
) -> Terms:
    return Terms(currency, commission, fee, fixed, spread, date(2026, 10, 2), "European Central Bank")


def line(pending: PendingLine, rate: Fraction = CNY, by: Terms | None = None) -> Line:
    by = by or terms()
    return settled_line(pending, recorded_rate(pending.currency, rate, by), by)


def completed(
    goods: int,
    freight: int = 0,
    taxes: Owed = (),
    refunded: int = 0,
    currency: str = "EUR",
    before: ShareState = NOTHING,
) -> PendingLine:
    return pending_share(share(goods, freight, taxes, refunded, currency), "share:1", "ent_1", NOW, before)


def refund(amount: int, before: ShareState) -> PendingLine:
    return pending_refund(ORDER, MERCHANT, Money(amount, "EUR"), "share-refund:1", "ent_2", NOW, before)


def test_a_sale_in_euro_paid_out_in_yuan_to_the_fen():
    made = line(completed(10000, freight=1200, taxes=[("EU-IOSS", 2128, "platform")]))

    assert 75259 == made.converted  # EUR 100.00 × 7.5259
    assert (75259, 6021) == (made.commissionable, made.commission)  # 8 % of CNY 752.59 = 60.2072
    assert 100305 == made.paid  # EUR 133.28 × 7.5259 = 1,003.051952
    assert 1693 == made.payment_fee  # 1.5 % of CNY 1,003.05 = 15.04575, and 1.88
    assert 67545 == made.net


def test_a_sale_in_euro_paid_out_in_euro_is_not_converted():
    made = line(
        completed(10000, freight=1200, taxes=[("IT", 2464, "seller")]),
        Fraction(1),
        terms("EUR", fixed=25, spread=50),
    )

    assert 12464 == made.converted  # goods and the VAT that the seller owes
    assert 800 == made.commission  # on goods only
    assert 230 == made.payment_fee  # 1.5 % of EUR 136.64 = 2.0496, and 0.25
    assert 11434 == made.net
    assert () == conversions([made], "EUR")


def test_yen_have_no_minor_unit_to_convert_from():
    made = line(completed(15000, currency="JPY"), CNY / Fraction("176.99"))

    assert ("0.04252161139", 63782) == (made.rate.applied, made.converted)  # 15,000 × 0.0425… = 637.82


def test_commission_is_on_goods_after_refunds():
    made = line(completed(10000, freight=1200, refunded=4000))

    assert 45155 == made.converted  # EUR 60.00 × 7.5259 = 451.554
    assert 3612 == made.commission  # 8 % of CNY 451.55 = 36.124
    assert 1264 + 188 == made.payment_fee  # 1.5 % of EUR 112.00 = CNY 842.90: 12.6435


def test_a_refund_after_completion_gives_commission_back_and_not_the_payment_fee():
    sold = line(completed(10000))
    returned = line(refund(10000, ShareState(goods=10000)))

    assert (75259, 6021) == (sold.converted, sold.commission)
    assert (-75259, -6021, 0) == (returned.converted, returned.commission, returned.payment_fee)
    assert -(1129 + 188) == sold.net + returned.net  # 1.5 % of CNY 752.59 = 11.28885


def test_commission_is_never_given_back_beyond_what_was_taken():
    before = ShareState(goods=10000, refunded=2000)

    assert -8000 == refund(13328, before).commissionable
    assert -13328 == refund(13328, before).amount


@given(
    goods=st.integers(0, 10**6),
    refunds=st.lists(st.integers(1, 10**6), max_size=5),
    place=st.integers(0, 5),
)
def test_commission_is_taken_on_the_same_goods_whichever_is_heard_of_first(goods, refunds, place):
    """A completion told before, between or after the refunds of its share."""
    state, sold = NOTHING, 0
    for index, amount in enumerate([*refunds, None]):
        if index == min(place, len(refunds)):
            sold += completed(goods, before=state).commissionable
            state = state.completed(share(goods))
        if amount is not None:
            sold += refund(amount, state).commissionable
            state = state.refund(amount)

    assert max(0, goods - sum(refunds)) == sold


def test_a_spread_lowers_the_rate_and_is_booked_as_a_gain():
    made = line(completed(10000), by=terms(spread=100, commission=0, fee=0, fixed=0))

    (conversion,) = conversions([made], "CNY")

    assert ("7.5259", "7.450641") == (made.rate.reference, made.rate.applied)
    assert 74506 == made.converted
    assert Money(75259 - 74506, "CNY") == conversion.bought - conversion.credited


def test_fractions_of_many_lines_are_booked_not_lost():
    lines = [line(completed(2)) for _ in range(10)]  # EUR 0.02 is CNY 0.150518, ten are 1.50518

    (conversion,) = conversions(lines, "CNY")

    assert (Money(20, "EUR"), Money(151, "CNY"), Money(150, "CNY")) == (
        conversion.sold,
        conversion.bought,
        conversion.credited,
    )


def statement(by: Terms | None = None, account: Account | None = None) -> Statement:
    return opened("stm_1", account or Account(MERCHANT), by or terms(), NOW)


def test_what_a_merchant_owes_is_carried_into_the_next_statement():
    account = Account(MERCHANT)
    first = statement(account=account)
    account = account.opened(first)
    first = first.with_part(Part(1, "settle:1:1", "ent_3", (line(refund(10000, ShareState(goods=10000))),)))
    account = account.closed(first.issued(NOW))

    second = statement(account=account)
    account = account.opened(second)
    second = second.with_part(Part(1, "settle:2:1", "ent_4", (line(completed(20000)),)))
    account = account.closed(second.issued(NOW))

    assert (0, -75259 + 6021, 0) == (first.opening, first.closing, first.payable)
    # CNY 1,505.18 - 120.41 - (22.58 + 1.88) = 1,360.31
    assert (-69238, 136031) == (second.opening, second.net)
    assert (66793, 66793) == (second.closing, second.payable)
    assert (2, 0) == (second.number, account.owed_in("CNY"))
    assert account.open_statement is None


def test_what_is_payable_is_not_carried():
    account = Account(MERCHANT)
    paying = statement(account=account).with_part(Part(1, "settle:1:1", "ent_3", (line(completed(10000)),)))

    assert 0 == account.closed(paying.issued(NOW)).owed_in("CNY")


def test_a_statement_says_from_when_to_when_and_when_it_was_issued():
    done = statement().with_part(Part(1, "settle:1:1", "ent_3", (line(completed(10000)),))).issued(NOW)

    assert (NOW, NOW, NOW, Status.ISSUED) == (done.period_from, done.period_to, done.issued_at, done.status)


RATES = {"EUR": CNY, "USD": CNY / Fraction("1.1225"), "JPY": CNY / Fraction("176.99"), "CNY": Fraction(1)}
PENDING = st.lists(
    st.builds(
        lambda currency, goods, freight, seller, part: completed(
            goods,
            freight=freight,
            taxes=[("X", seller, "seller")],
            refunded=(goods + freight + seller) * part // 100,
            currency=currency,
        ),
        st.sampled_from(sorted(RATES)),
        st.integers(0, 10**7),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.integers(0, 100),
    ),
    min_size=1,
    max_size=12,
)


@given(pending=PENDING, cut=st.integers(1, 12), spread=st.sampled_from([0, 50, 300]))
@pytest.mark.parametrize("currency", ["CNY", "EUR"])
def test_a_statements_net_is_what_the_entries_it_names_owe_the_merchant(currency, pending, cut, spread):
    """Over its shares' entries and its own: the net in the payout currency, nothing in any other."""
    by = terms(currency, spread=spread)
    lines = [line(one, RATES[one.currency] / RATES[currency], by) for one in pending]
    whole = statement(by)
    owed: dict[str, int] = {}
    for start in range(0, len(lines), cut):
        part = tuple(lines[start : start + cut])
        postings = rules.part_settled(
            MERCHANT,
            conversions(part, currency),
            rules.Charges(
                Money(sum(one.commission for one in part), currency),
                Money(sum(one.payment_fee for one in part), currency),
            ),
        )
        Entry("ent_5", "settle:1", "part_settled", NOW, postings)  # refused unless it balances
        whole = whole.with_part(Part(whole.parts + 1, "settle:1", "ent_5", part))
        for code in RATES:
            owed[code] = owed.get(code, 0) + rules.effect(postings, PAYABLE, code).amount
    for one in pending:
        owed[one.currency] += one.amount

    assert dict.fromkeys(RATES, 0) | {currency: whole.net} == owed
    assert sum(one.net for one in lines) == whole.net


def everything(currency: str = "EUR") -> Terms:
    """8 % commission, 1.5 % and 0.25 for the payment, 0.40 a share, 0.5 % withheld for India, a tenth held back."""
    return replace(
        terms(currency, fixed=25),
        logistics_fixed=40,
        withheld_basis_points=50,
        authority="IN-GST",
        reserve_basis_points=1000,
        reserve_days=30,
    )


def test_every_charge_of_a_sale_to_the_cent():
    made = line(completed(10000, freight=1200), Fraction(1), everything())

    assert (10000, 800) == (made.converted, made.commission)
    assert 168 + 25 == made.payment_fee  # 1.5 % of EUR 112.00
    assert (40, 50, 1000) == (made.logistics_fee, made.withheld, made.reserve)
    assert 10000 - 800 - 193 - 40 - 50 - 1000 == made.net


def test_a_refund_gives_withheld_tax_back_and_holds_nothing_back():
    made = line(refund(10000, ShareState(goods=10000)), Fraction(1), everything())

    assert (-800, -50) == (made.commission, made.withheld)
    assert (0, 0, 0) == (made.payment_fee, made.logistics_fee, made.reserve)
    assert -10000 + 800 + 50 == made.net


def test_a_reserve_let_go_is_owed_without_any_charge():
    let_go = pending_release(MERCHANT, Money(1000, "EUR"), "reserve-released:stm_1", "ent_9", NOW)

    made = line(let_go, Fraction(1), everything())

    assert (1000, 1000) == (made.converted, made.net)


def test_next_months_tier_goes_by_this_months_statements():
    account = Account(MERCHANT)
    first = statement(account=account).with_part(Part(1, "f", "ent_3", (line(completed(10000)),))).issued(NOW)
    account = account.closed(first)
    account = account.closed(replace(first, number=2))

    assert 2 * 75259 == account.turnover_before(date(2026, 12, 1), "CNY")
    assert 0 == account.turnover_before(date(2026, 11, 30), "CNY")
    assert 0 == account.turnover_before(date(2026, 12, 1), "EUR")
    assert 0 == account.turnover_before(date(2027, 1, 1), "CNY")


@given(pending=PENDING, cut=st.integers(1, 12))
@pytest.mark.parametrize("currency", ["CNY", "EUR"])
def test_with_every_charge_what_is_owed_and_what_is_held_back_add_up(currency, pending, cut):
    by = everything(currency)
    lines = [line(one, RATES[one.currency] / RATES[currency], by) for one in pending]
    whole, owed, held, withheld = statement(by), 0, 0, 0
    for start in range(0, len(lines), cut):
        part = tuple(lines[start : start + cut])
        postings = rules.part_settled(MERCHANT, conversions(part, currency), charges(part, by))
        Entry("ent_5", "settle:1", "part_settled", NOW, postings)  # refused unless it balances
        whole = whole.with_part(Part(whole.parts + 1, "settle:1", "ent_5", part))
        owed += rules.effect(postings, PAYABLE, currency).amount
        held += rules.effect(postings, f"merchant_reserve:{MERCHANT}", currency).amount
        withheld += rules.effect(postings, "tax_withheld:IN-GST", currency).amount
    owed += sum(one.amount for one in pending if one.currency == currency)

    assert (whole.net, whole.reserve, whole.withheld) == (owed, held, withheld)
    assert sum(one.net for one in lines) == whole.net
