"""The story that `make up` tells: a sale across borders, from the catalogue to the balanced books, over HTTP.

    from infra.local import story
    story.tell(up)

It is a client like any other: it signs in, calls the API, pays at the provider and waits for what events bring. What
does not come true ends it with `StoryFailed`, which is one line; so tests can rely on it.
"""

from infra.local.client import Unanswered
from infra.local.story.buying import order, wish
from infra.local.story.closing import closing_words
from infra.local.story.comparing import compare
from infra.local.story.delivering import deliver, look_back, ship
from infra.local.story.paper import Paper, Write
from infra.local.story.paying import pay_by_alipay, pay_by_card, pay_by_transfer, show_paid
from infra.local.story.settling import balance, settle
from infra.local.story.telling import Market, StoryFailed, Teller

__all__ = ["Market", "StoryFailed", "closing_words", "tell"]


def tell(market: Market, write: Write = print) -> None:
    """Tell it against a market with the demo's data; it may be told again and again.

    Raises: StoryFailed: a step did not come true.
    """
    teller = Teller(market, Paper(write))
    try:
        wanted = wish(teller)
        compare(teller)
        sale = order(teller, wanted)
        paid = [pay_by_card(teller, sale), pay_by_alipay(teller), pay_by_transfer(teller)]
        show_paid(teller, paid)
        parcels = ship(teller, sale)
        deliver(teller, sale, parcels)
        look_back(teller, sale)
        settle(teller, sale)
        balance(teller)
    except Unanswered as failed:
        raise StoryFailed(f"the story ends early: {failed}") from None
