"""The story that `make up` tells: a sale across borders, from the catalogue to the balanced books, over HTTP.

    from infra.local import story
    story.tell(up)

It is a client like any other: it signs in, calls the API, pays at the provider and waits for what events bring. What
does not come true ends it with `StoryFailed`, which is one line; so tests can rely on it.
"""

from infra.local.client import Unanswered
from infra.local.story.buying import buy
from infra.local.story.closing import closing_words
from infra.local.story.comparing import compare
from infra.local.story.delivering import deliver, look_back, pay, ship
from infra.local.story.paper import Paper, Write
from infra.local.story.settling import settle
from infra.local.story.telling import Market, StoryFailed, Teller

__all__ = ["Market", "StoryFailed", "closing_words", "tell"]


def tell(market: Market, write: Write = print) -> None:
    """Tell it against a market with the demo's data; it may be told again and again.

    Raises: StoryFailed: a step did not come true.
    """
    teller = Teller(market, Paper(write))
    try:
        sale = buy(teller)
        pay(teller, sale)
        parcels = ship(teller, sale)
        deliver(teller, sale, parcels)
        look_back(teller, sale)
        settle(teller, sale)
        compare(teller)
    except Unanswered as failed:
        raise StoryFailed(f"the story ends early: {failed}") from None
