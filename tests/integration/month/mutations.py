"""Defects to be found: with each of them in force the month must not come out even."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

from entrepot.cloud import events, writes
from entrepot.cloud.inbox import once
from entrepot.kernel.ids import new_id
from functions.settlement import store
from functions.settlement.domain import rules
from functions.settlement.domain.ledger import Postings


def posting_doubled() -> AbstractContextManager[Any]:
    """What a buyer pays is posted twice, in balance."""
    captured = rules.payment_captured
    return patch.object(rules, "payment_captured", lambda *given: captured(*given) * 2)


@contextmanager
def inbox_dropped() -> Iterator[None]:
    """Nothing tells a payment's event that comes again from another: neither the inbox nor the name of its fact.

    Without the inbox alone the books are still right, for an entry is of one fact and written once.
    """
    posted = store.posted

    def handled(consumer: str, event_id: str, now: Any) -> writes.Write:
        return once(consumer, new_id("evt", now), now)

    def nameless(entry: Any) -> list[writes.Write]:
        if not entry.fact.startswith(("capture:", "refund:", "fee:")):
            return posted(entry)
        return posted(replace(entry, fact=f"{entry.fact}:{new_id('evt', entry.occurred_at)}"))

    with patch.object(events, "once", handled), patch.object(store, "posted", nameless):
        yield


def fee_ignored() -> AbstractContextManager[Any]:
    """What the provider keeps of a charge is not booked."""

    def nothing(*given: object) -> Postings:
        return ()

    return patch.object(rules, "provider_fee", nothing)


def transfer_lost() -> AbstractContextManager[Any]:
    """Money that came by bank transfer is in suspense, and what it paid is not booked out of it."""

    def nothing(*given: object) -> Postings:
        return ()

    return patch.object(rules, "receipt_matched", nothing)


MUTATIONS: Final = (posting_doubled, inbox_dropped, fee_ignored, transfer_lost)
