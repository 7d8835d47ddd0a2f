"""Rows of the table `membership`, and what reads and writes them: one module for each thing that is kept.

Everything about a member stands under one key. An address is found by its keyed hash, so the key of a row tells nobody
an address.
"""

from functions.membership.store.attempts import attempted, attempts_forgotten
from functions.membership.store.codes import (
    INVITATION,
    REGISTRATION,
    code_read,
    code_set,
    code_used,
    try_spent,
)
from functions.membership.store.inbox import handled_read
from functions.membership.store.keys import address_key, keyed_hash, member_key
from functions.membership.store.members import (
    Overtaken,
    changed,
    claim_read,
    claimed,
    created,
    member_read,
    password_read,
    unchanged,
)
from functions.membership.store.merchants import MerchantExists, merchant_created, merchant_read
from functions.membership.store.sessions import (
    NoLivingSession,
    session_ended,
    session_opened,
    session_read,
    session_refreshed,
)

__all__ = [
    "INVITATION",
    "REGISTRATION",
    "MerchantExists",
    "NoLivingSession",
    "Overtaken",
    "address_key",
    "attempted",
    "attempts_forgotten",
    "changed",
    "claim_read",
    "claimed",
    "code_read",
    "code_set",
    "code_used",
    "created",
    "handled_read",
    "keyed_hash",
    "member_key",
    "member_read",
    "merchant_created",
    "merchant_read",
    "password_read",
    "session_ended",
    "session_opened",
    "session_read",
    "session_refreshed",
    "try_spent",
    "unchanged",
]
