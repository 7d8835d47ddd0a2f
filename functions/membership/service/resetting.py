"""A forgotten password: a code to the address or number, and with it another password.

Asking answers alike, and costs the same, whether anybody has the address or not. A reset signs nobody in, and a
second factor is asked for at the next sign-in as before.
"""

from dataclasses import replace
from datetime import datetime

from entrepot.cloud import audit, reads, writes
from entrepot.kernel.refusals import Busy
from functions.membership import pwdlib_gateway, store
from functions.membership.domain import members
from functions.membership.domain.backoff import RESET, SIGN_IN
from functions.membership.domain.members import CODE_ATTEMPTS, InvalidCode, Status
from functions.membership.service import codes, ending, throttling
from functions.membership.service.contacts import Contact, channel


def ask(contact: Contact, source: str, now: datetime) -> None:
    """Send a code to set another password with; nothing is sent where nobody has the address or number.

    Raises: TooManyAttempts (of this address or number, or from this place).
    """
    key = store.address_key(contact)
    throttling.asking(CODE_ATTEMPTS, key, contact, source, now)
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or store.nobody(key)
    writes.commit(*codes.asked(member_id, "password", channel(contact), now))


def reset(contact: Contact, digits: str, wanted: str, source: str, now: datetime) -> None:
    """Another password, for who has the code that was sent. Every session and every grant of the member ends, and
    so does a code to sign in with.

    Known or not, one password is hashed, and before the code is looked at.

    Args: source: where on the network the request came from.
    Raises: InvalidPassword, InvalidCode, TooManyAttempts (of this address or number, or from this place), Busy.
    """
    spelled = members.password(wanted)
    key = store.address_key(contact)
    tried = throttling.attempt(key, source, now, RESET)
    fresh_hash = pwdlib_gateway.hashed(spelled)
    member_id = reads.fetch_one(store.claim_read(key), consistent=True) or store.nobody(key)
    member, code = reads.fetch(
        store.member_read(member_id), store.code_read(member_id, store.PASSWORD), consistent=True
    )
    wrong = InvalidCode(field="code")
    try:
        right = codes.spend(member_id, store.PASSWORD, code, digits, now, wrong)
        if member is None or member.status is not Status.ACTIVE:
            raise wrong
    except InvalidCode:
        throttling.failed(tried, member.member_id if member else None, now, "password.reset")
        raise
    audit.commit(
        "password.reset",
        member_id,
        store.changed(replace(member, revision=member.revision + 1), fresh_hash, member.revision, Busy()),
        store.code_used(member_id, store.PASSWORD, right.code_hash, wrong),
        store.code_dropped(member_id, store.SIGN_IN),
        store.failures_forgotten(SIGN_IN, key),
        throttling.forgotten(tried),
        ending.password_changed(member_id, None, now),
    )
    ending.end_all(member_id, None, now)
