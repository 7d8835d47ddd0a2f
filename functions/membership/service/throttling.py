"""How fast somebody may try: a password or a code, by account and by where the request comes from; to have codes sent.

Nothing here asks whether an account exists: what is counted is the address or number that was given.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.cloud import audit, reads, writes
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Busy
from functions.membership import store
from functions.membership.domain.backoff import SIGN_IN, SIGN_IN_FROM, Backoff, Failures
from functions.membership.domain.members import (
    BEGIN_FROM_ATTEMPTS,
    CODE_FROM_ATTEMPTS,
    Attempts,
    TooManyAttempts,
)
from functions.membership.domain.phones import Phone
from functions.membership.service.contacts import Contact

_ROUNDS: Final = 4


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try that may be looked at: of what, whose, from where, and what had failed from there before."""

    backoff: Backoff
    key: str
    source: str
    failed_before: Failures | None


def attempt(key: str, address: str, now: datetime, backoff: Backoff = SIGN_IN) -> Attempt:
    """Count a try as failed before it is looked at, so that guesses sent at once count as well.

    Raises: TooManyAttempts: this account or this place has to wait. Busy: too many tries at the same instant.
    """
    source = _source(address)
    for _ in range(_ROUNDS):
        account, place = reads.fetch(
            store.failures_read(backoff, key), store.failures_read(SIGN_IN_FROM, source), consistent=True
        )
        seconds = max(backoff.wait(account, now), SIGN_IN_FROM.wait(place, now) if address else 0)
        if seconds:
            raise TooManyAttempts(retry_after_seconds=seconds)
        try:
            after = backoff.after_one_more(account, now)
            writes.commit(store.failure_counted(backoff, key, account, after))
            return Attempt(backoff, key, source if address else "", place)
        except store.Overtaken:
            continue
    raise Busy


def forgotten(tried: Attempt) -> Write:
    """What is written with a try that was right: the failures before it count no more."""
    return store.failures_forgotten(tried.backoff, tried.key)


def failed(tried: Attempt, member_id: str | None, now: datetime, action: str = "session.open") -> None:
    """A try was looked at and failed: it is written down, and the place it came from is nearer to its wait too.

    Args: action: what was tried, in the audit's words.
    """
    counted = []
    if tried.source:
        after = SIGN_IN_FROM.after_one_more(tried.failed_before, now)
        counted.append(store.failure_added(SIGN_IN_FROM, tried.source, tried.failed_before, after))
    audit.commit(action, member_id or audit.UNKNOWN, *counted, outcome="refused")


def asking(attempts: Attempts, key: str, contact: Contact, address: str, now: datetime) -> None:
    """Count a request that has something sent. Text messages cost money, so they are counted by place as well.

    Raises: TooManyAttempts.
    """
    counted = [store.attempted(attempts, key, now)]
    if isinstance(contact, Phone) and address:
        counted.append(store.attempted(CODE_FROM_ATTEMPTS, _source(address), now))
    writes.commit(*counted)


def beginning(address: str, now: datetime) -> None:
    """Count a sign-in that begins at a provider, by the place that it comes from. Raises: TooManyAttempts."""
    if address:
        writes.commit(store.attempted(BEGIN_FROM_ATTEMPTS, _source(address), now))


def _source(address: str) -> str:
    return store.keyed_hash("source", address)
