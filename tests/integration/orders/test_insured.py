"""Cover that a buyer paid for goes with the goods: into the order, back with what is cancelled, to the merchant."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from entrepot.kernel.clock import utc_now
from functions.logistics import tariffs
from functions.logistics.domain.card_csv import rendered
from tests.integration.orders.bazaar import Bazaar, about
from tests.support.http import call

CHARGES = ("goods", "freight", "insurance", "duty", "import_tax", "fees")


@pytest.fixture
def insured(bazaar: Bazaar) -> Any:
    """An order of three units, paid, sent by a card that sells cover at 2 % of the goods."""
    today = utc_now().date()
    old = next(card for card in tariffs.all_rate_cards() if card.carrier == "yunexpress")
    new = replace(old, card_id="yunexpress-covered", valid_from=today, insurance_rate=Fraction("0.02"))
    file = rendered([replace(old, valid_to=today - timedelta(days=1)), new])
    assert 200 == call("POST", "/v1/rate-cards/imports", {"csv": file}, token=bazaar.operator).status
    quote = bazaar.quote({"PHONES-1": 3})
    number = [option["carrier"] for option in quote["options"]].index("yunexpress")
    placed = bazaar.try_place(quote, option=number).json
    bazaar.pay(placed)
    return placed


def test_the_order_holds_what_cover_cost_line_by_line(bazaar: Bazaar, insured: Any) -> None:
    seen = bazaar.order(insured)
    (line,) = seen["lines"]

    assert round(line["goods"]["amount"] * 2 / 100) == line["insurance"]["amount"] > 0
    assert seen["totals"]["insurance"] == line["insurance"]
    assert seen["total"]["amount"] == sum(seen["totals"][charge]["amount"] for charge in CHARGES)


def test_what_is_cancelled_takes_its_part_of_the_cover_back(bazaar: Bazaar, insured: Any) -> None:
    whole = insured["total"]["amount"]
    (line,) = insured["lines"]

    assert 200 == bazaar.cancel(insured, bazaar.shenzhen.token, {"PHONES-1": 1}).status
    bazaar.hear()

    paid, back = bazaar.money()
    parts = [line[charge]["amount"] // 3 for charge in CHARGES]
    assert whole == paid
    assert sum(parts) <= back <= sum(part + 1 for part in parts)
    assert 0 < line["insurance"]["amount"] // 3


def test_the_merchant_who_sent_it_is_owed_freight_and_cover(bazaar: Bazaar, insured: Any) -> None:
    parcel = bazaar.ship(bazaar.shenzhen, insured, {"PHONES-1": 3})
    bazaar.scan(parcel, "in_transit", "delivered")
    bazaar.tick(days=15)

    (share,) = about(insured["id"], "orders.share_completed")
    totals = bazaar.order(insured)["totals"]
    assert totals["freight"]["amount"] + totals["insurance"]["amount"] == share["freight"]
    assert insured["total"]["amount"] == share["paid"]
    assert ["capture", "fee", "share"] == [fact.partition(":")[0] for fact in bazaar.ledger()]
