"""Above a person's limits China is general trade: refused to a person by name and remedy, priced to an enterprise."""

import pytest

from entrepot.kernel.money import Money
from functions.customs.facade import IdentityRequired, QuotaExceeded
from tests.unit.orders.desks import Shop, card, offer

BAG = offer("BAG", "420221", Money(300_000, "CNY"), "IT")
CARDS = (card("saver", "courier", 0, "IT"),)


def test_two_bags_above_the_transaction_limit_are_refused_to_a_person_with_the_way_out() -> None:
    with pytest.raises(QuotaExceeded) as refused:
        Shop("IT", CARDS, {"BAG": BAG}).options({"BAG": 2}, "CN", "CNY")

    assert "general trade" in (refused.value.detail or "")
    assert ("cn-single-item", "CNY 6,000.00") == (refused.value.facts["row"], refused.value.facts["value"])


def test_an_enterprise_takes_them_in_general_trade_in_full_and_uses_no_quota() -> None:
    (option,) = Shop("IT", CARDS, {"BAG": BAG}, importer="enterprise").options({"BAG": 2}, "CN", "CNY")

    assert ("import_at_border", "CNY 360.00", "CNY 826.80", 0) == (
        option.parcels[0].regime,
        str(option.sum_of("duty")),
        str(option.sum_of("import_tax")),
        option.quota_fen,
    )


def test_an_enterprise_that_wants_the_buyer_to_pay_at_the_border_is_told_how_much() -> None:
    shop = Shop("IT", CARDS, {"BAG": BAG}, importer="enterprise", wish={"incoterm": "dap"})

    (option,) = shop.options({"BAG": 2}, "CN", "CNY")

    assert ("CNY 6,000.00", ["CNY 360.00", "CNY 826.80"]) == (
        str(option.total),
        [str(left.amount) for left in option.not_included if left.amount],
    )


def test_nobody_imports_into_china_unnamed() -> None:
    with pytest.raises(IdentityRequired):
        Shop("IT", CARDS, {"BAG": BAG}, importer=None).options({"BAG": 1}, "CN", "CNY")
