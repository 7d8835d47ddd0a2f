"""Rate cards that operators import, and the book of all that hold: the packaged ones and theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from entrepot.cloud import telemetry, writes
from entrepot.kernel.refusals import Busy, Kind, Refusal
from functions.logistics import store, tariffs
from functions.logistics.domain.cards import RateBook, RateCard, overlaps

if TYPE_CHECKING:  # read by imports alone, while every quote asks this module for the book
    from functions.logistics.domain.card_csv import Parsed, RowError

MOST_CARDS: Final = 60
"""In one import, so that it is one transaction."""
_MOST_SHOWN: Final = 100
_TRIES: Final = 5

_held: list[RateBook] = []


class BadRateCards(Refusal):
    code = "bad_rate_cards"
    kind = Kind.RULE
    title = "Rows of this file are wrong; nothing was stored."


class RateCardOverlap(Refusal):
    code = "rate_card_overlap"
    kind = Kind.CONFLICT
    title = "Two cards of one service hold on the same lane on the same day; end the older one first."


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do. cards: id and "new", "ended" or "unchanged". version: of the whole book."""

    version: int
    cards: tuple[tuple[str, str], ...]

    @property
    def changed(self) -> bool:
        return any(change != "unchanged" for _, change in self.cards)


def import_cards(text: str, *, dry_run: bool) -> Imported:
    """Check every row, then store the whole file or nothing; the same file once more changes nothing.

    A card never changes but for its end: a file that names one that is there, all the same but for an earlier
    `valid_to`, ends it, so that another may follow.

    Raises: BadRateCards: with the row, column and fault of each cell that is wrong. RateCardOverlap. Busy.
    """
    from functions.logistics.domain.card_csv import parsed

    services = {code: frozenset(carrier.services) for code, carrier in tariffs.carriers().items()}
    read = parsed(text, services)
    _refuse(read.errors)
    for _ in range(_TRIES):
        version, stored = store.imported_cards()
        current = _merged(stored)
        changes = _changes(read, current)
        new = {card.card_id: card for _, card in read.cards}
        _check({**current, **new})
        changed = [new[card_id] for card_id, change in changes if change != "unchanged"]
        if dry_run or not changed:
            return Imported(version, changes)
        try:
            writes.commit(*store.import_writes(changed, stored, version))
        except store.RateCardsMoved:
            continue
        telemetry.log("rate_cards_imported", version=version + 1, cards=len(changed))
        return Imported(version + 1, changes)
    raise Busy


def book(version: int | None) -> RateBook:
    """The rate cards that hold as of an import; read anew only when there was one since this process looked."""
    if not version:
        return tariffs.packaged_book()
    if not _held or _held[0].version < version:
        stored_version, stored = store.imported_cards()
        _held[:] = [RateBook(_merged(stored).values(), max(version, stored_version))]
    return _held[0]


def forget() -> None:
    """Drop the book that is held: for tests that start a new AWS."""
    _held.clear()


def listed() -> tuple[RateBook, frozenset[str]]:
    """All rate cards, and which of them were imported."""
    version, stored = store.imported_cards()
    return RateBook(_merged(stored).values(), version), frozenset(stored)


def _merged(stored: Mapping[str, RateCard]) -> dict[str, RateCard]:
    return {card.card_id: card for card in tariffs.all_rate_cards()} | dict(stored)


def _changes(read: "Parsed", current: Mapping[str, RateCard]) -> tuple[tuple[str, str], ...]:
    from functions.logistics.domain.card_csv import RowError

    changes, errors = [], []
    for row, card in read.cards:
        held = current.get(card.card_id)
        if held is None:
            changes.append((card.card_id, "new"))
        elif held == card:
            changes.append((card.card_id, "unchanged"))
        elif card.valid_to < held.valid_to and replace(held, valid_to=card.valid_to) == card:
            changes.append((card.card_id, "ended"))
        else:
            errors.append(
                RowError(row, "card_id", "this card is there and differs; only its end may come earlier")
            )
    if len(changes) > MOST_CARDS:
        errors.append(RowError(1, "card_id", f"at most {MOST_CARDS} cards in one file"))
    _refuse(errors)
    return tuple(changes)


def _check(cards: Mapping[str, RateCard]) -> None:
    pairs = [[one.card_id, other.card_id] for one, other in overlaps(cards.values())]
    if pairs:
        raise RateCardOverlap(field="csv", cards=pairs[:_MOST_SHOWN])
    currencies: dict[str, str] = {}
    for card in cards.values():
        for origin in card.origin_countries:
            if currencies.setdefault(origin, card.currency) != card.currency:
                raise BadRateCards(
                    f"{card.card_id} prices {origin} in a second currency; others are in {currencies[origin]}.",
                    field="csv",
                )


def _refuse(errors: "Sequence[RowError]") -> None:
    if errors:
        raise BadRateCards(
            field="csv",
            errors=[{"row": e.row, "column": e.column, "message": e.message} for e in errors[:_MOST_SHOWN]],
            error_count=len(errors),
        )
