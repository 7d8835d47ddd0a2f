"""Who serves a payment."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from entrepot.kernel.money import Money
from functions.payments import book
from functions.payments.domain.payment import MethodNotAvailable
from functions.payments.domain.routing import Offer, chosen, offers_for

ON = date(2026, 11, 25)
CHEAP = Offer(
    "cheap",
    "crypto",
    frozenset(("EUR",)),
    frozenset(("DE", "FR")),
    False,
    timedelta(minutes=30),
    50,
    0,
    ON,
    None,
)
DEAR = replace(CHEAP, provider="dear", cost_bp=150, currencies=None, markets=None, manual_capture=True)
HUNDRED = Money(10_000, "EUR")
FLAT = replace(CHEAP, provider="flat", cost_bp=0, cost_fixed=40)


def served(*book: Offer, money: Money = HUNDRED, market: str = "DE", **more: object) -> list[str]:
    asked = {"manual": False, "on": ON, **more}
    return [offer.provider for offer in offers_for(book, "crypto", money, market, **asked)]  # type: ignore[arg-type]


def test_the_cheapest_for_the_amount_comes_first() -> None:
    assert ["flat", "cheap", "dear"] == served(DEAR, CHEAP, FLAT)
    assert ["cheap", "dear", "flat"] == served(DEAR, CHEAP, FLAT, money=Money(1_000, "EUR"))


@pytest.mark.parametrize(
    "more",
    [{"money": Money(1, "USD")}, {"market": "US"}, {"manual": True}, {"on": ON - timedelta(days=1)}],
    ids=["currency", "market", "capture", "day"],
)
def test_who_does_not_serve_it_is_left_out(more: dict[str, object]) -> None:
    with pytest.raises(MethodNotAvailable):
        served(CHEAP, **more)  # type: ignore[arg-type]


def test_a_row_ends_the_day_before_its_end() -> None:
    ended = replace(CHEAP, holds_to=ON + timedelta(days=1))

    assert ["cheap"] == served(ended)
    with pytest.raises(MethodNotAvailable):
        served(ended, on=ON + timedelta(days=1))


def test_one_that_is_down_is_passed_over_unless_all_are() -> None:
    assert "dear" == chosen((CHEAP, DEAR), {"cheap"}).provider
    assert "cheap" == chosen((CHEAP, DEAR), {"cheap", "dear"}).provider


@pytest.mark.parametrize(
    ("method", "currency", "provider"),
    [
        ("card", "JPY", "stripe"),
        ("alipay", "EUR", "stripe"),
        ("wechat_pay", "CNY", "stripe"),
        ("crypto", "USD", "stripe"),
    ],
)
def test_the_book_serves_what_the_api_promises(method: str, currency: str, provider: str) -> None:
    found = offers_for(book.offers(), method, Money(1_000, currency), "DE", False, ON)

    assert provider == found[0].provider
