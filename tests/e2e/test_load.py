"""What puts the deployed platform under load, in small: so that it works on the day when it is wanted."""

import asyncio

from tests.load import ending
from tests.load.buyer import buyer
from tests.load.flash import Crowd
from tests.load.goods import Shelves, filled
from tests.load.mix import KINDS, VISITS, Mix
from tests.support import e2e_flash, e2e_rows
from tests.support.e2e_market import Market


def test_a_flash_sale_sells_exactly_its_units_and_nobody_more_than_the_limit(
    market: Market, figures: list[str]
) -> None:
    sku = market.stocked(units=5, purchase_limit=1)
    crowd = Crowd(Shelves(market.up.base_url, market.up.stripe_url, {sku: 5}, (), ()), sku, 1, seed=1)

    offers = asyncio.run(crowd.offers(12))
    sale, told = asyncio.run(crowd.sale(offers))

    written = e2e_rows.written(market.dynamodb, market.up.stage, sku)
    taken = e2e_rows.taken(market.dynamodb, market.up.stage, sku)
    assert [] == e2e_flash.findings(sale, 5, market.stock(sku), written, 1, taken)
    assert 14 == len(offers) == told.requests.requests - sale.asked_again
    bought = asyncio.run(crowd.pay(sale))
    market.wait_quiet()
    assert [] == ending._stock(market, crowd.shelves, bought)
    figures.append(f"flash sale, deployed: {len(offers)} orders in {sale.seconds:.1f} s")


def test_a_visit_of_each_kind_is_answered_and_what_was_bought_is_paid(market: Market) -> None:
    mix = Mix(filled(market, products=3, units=50), seed=1)

    async def visits() -> None:
        for number in range(3):
            visitor = buyer(mix.shelves, mix.recorder, f"visitor-{number}")
            for what in VISITS:
                await mix.visit(visitor, what)
            visitor.close()

    asyncio.run(visits())
    market.wait_quiet()

    assert {} == mix.recorder.failures()
    assert set(KINDS) == set(mix.recorder.seconds)
    assert 3 == len(mix.bought)
    assert [] == ending._stock(market, mix.shelves, mix.bought)
    assert [] == ending._orders(mix.bought, asyncio.run(ending._read(mix.shelves, mix.bought)))
