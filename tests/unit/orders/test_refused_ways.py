"""A refusal of one way to send the goods takes that way from the quote, and refuses it only where no way is left."""

import pytest

from entrepot.kernel.money import Money
from functions.customs.facade import QuotaExceeded
from functions.payments import facade as payments
from tests.unit.orders.desks import Shop, card, offer

BAG = offer("BAG", "420221", Money(245_000, "CNY"), "IT")
CHEAP, DEAR = card("cheap", "courier", 600, "DE"), card("dear", "courier", 6_000, "DE")


@pytest.mark.parametrize("cards", [(CHEAP, DEAR), (DEAR, CHEAP), (CHEAP,)], ids=["both", "other way", "one"])
def test_a_dear_way_that_lifts_the_bags_over_the_limit_refuses_not_the_cheap_one(
    cards: tuple[object, ...],
) -> None:
    """Two bags of CNY 4,900 in all: with EUR 6 of freight below China's CNY 5,000, with EUR 60 above."""
    (option,) = Shop("DE", cards, {"BAG": BAG}).options({"BAG": 2}, "CN", "CNY")  # type: ignore[arg-type]

    assert ("cheap", "CNY 5,395.17") == (option.service, str(option.total))


def test_where_every_way_is_refused_the_quote_is() -> None:
    dearer = card("dearer", "courier", 7_000, "DE")

    with pytest.raises(QuotaExceeded):
        Shop("DE", (DEAR, dearer), {"BAG": BAG}).options({"BAG": 2}, "CN", "CNY")


def test_a_mail_card_beside_a_courier_takes_nothing_from_the_courier() -> None:
    """Goods of the United States are free by courier up to CAD 40; by mail they need a rate that is not here."""
    scent = offer("SCENT", "330730", Money(3_000, "CAD"), "US")
    saver = card("saver", "courier", 2_000, "US", currency="USD")
    mail = card("parcel", "mail", 900, "US", currency="USD")
    shop = Shop("US", (saver, mail), {"SCENT": scent})

    (option,) = shop.options({"SCENT": 1}, "CA", "CAD")

    assert ("saver", "CAD 58.48") == (option.service, str(option.total))


def test_a_way_whose_total_cannot_be_charged_takes_only_itself_from_the_quote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chargeable = payments.chargeable

    def charged(money: Money) -> None:
        if money.amount > 10_000:
            raise payments.AmountNotChargeable
        chargeable(money)

    monkeypatch.setattr(payments, "chargeable", charged)
    cards = card("near", "courier", 600, "DE"), card("far", "courier", 9_000, "DE")

    (option,) = Shop("DE", cards, {"BAG": offer("BAG", "420221", Money(2_000, "EUR"))}).options(
        {"BAG": 1}, "DE", "EUR"
    )

    assert "near" == option.service
