"""What a price of freight costs beside the rows of its rate cards. It needs no server."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from functions.logistics import tariffs
from functions.logistics.domain import freight
from functions.logistics.domain.cards import RateBook
from functions.logistics.domain.freight import Lane
from functions.logistics.domain.packing import Item

ROWS: Final = (100, 1_000, 10_000, 100_000)
_ASKED: Final = 200
_AT: Final = datetime(2026, 11, 2, 8, tzinfo=UTC)
_ITEMS: Final = (Item(900, (300, 200, 80), 2, "BENCH"),)


def all_of_them(say: Callable[[str], object] = lambda _: None) -> list[dict[str, float]]:
    """Microseconds of CPU by rows (zone x postal prefix): to index the cards, and for a price to one postal code."""
    found = []
    for rows in ROWS:
        codes = [f"{code:05}" for code in range(rows)]
        asked = random.Random(2).sample(codes, min(rows, _ASKED))
        held: list[RateBook] = []
        built = _micros(lambda held=held, codes=codes: held.append(_book(codes)))  # type: ignore[misc]
        found.append({"rows": rows, "index": built, "price": _priced(held[0], asked)})
        say(f"{rows:,} rows of rate cards")
    return found


def _book(codes: list[str]) -> RateBook:
    """One card of a German domestic service whose every postal code is a row."""
    card = next(card for card in tariffs.all_rate_cards() if card.card_id == "ups-standard-de-2026")
    zone = next(zone for zone in card.zones if "DE" in zone.countries)
    by_code = replace(zone, countries=("DE",), postal_prefixes=tuple(codes))
    return RateBook([replace(card, zones=(by_code,))])


def _priced(book: RateBook, codes: list[str]) -> float:
    network = tariffs.network()

    def every() -> None:
        for code in codes:
            assert freight.options(book, network, Lane("DE", "overseas", "DE", code), _ITEMS, _AT)

    every()
    return _micros(every) / len(codes)


def _micros(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e6
