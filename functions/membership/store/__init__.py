"""Rows of the table `membership`, and what reads and writes them: one module for each thing that is kept.

Everything about a member stands under one key. An address is found by its keyed hash, so the key of a row tells nobody
an address.
"""

from functions.membership.store.attempts import attempted, attempts_forgotten
from functions.membership.store.backoff import (
    failure_added,
    failure_counted,
    failures_forgotten,
    failures_read,
)
from functions.membership.store.codes import (
    CONTACT,
    INVITATION,
    PASSWORD,
    REGISTRATION,
    SIGN_IN,
    code_dropped,
    code_read,
    code_set,
    code_used,
    try_spent,
)
from functions.membership.store.factors import (
    factor_offered,
    factor_read,
    factor_removed,
    factor_used,
    recovery_dropped,
    recovery_set,
    recovery_used,
)
from functions.membership.store.inbox import handled_read
from functions.membership.store.keys import address_key, identity_key, keyed_hash, member_key, nobody
from functions.membership.store.leaving import (
    living,
    removed,
    staff_joined,
    staff_left,
    staff_moved,
    traces,
    traces_dropped,
)
from functions.membership.store.members import (
    Overtaken,
    changed,
    claim_dropped,
    claim_read,
    claimed,
    created,
    member_read,
    password_read,
    unchanged,
)
from functions.membership.store.merchants import MerchantExists, merchant_created, merchant_read
from functions.membership.store.postal import entries, entry_added, entry_changed, entry_read, entry_removed
from functions.membership.store.sessions import (
    NoLivingSession,
    all_sessions,
    every_session,
    session_ended,
    session_opened,
    session_read,
    session_refreshed,
    sessions,
)

__all__ = [
    "CONTACT",
    "INVITATION",
    "PASSWORD",
    "REGISTRATION",
    "SIGN_IN",
    "MerchantExists",
    "NoLivingSession",
    "Overtaken",
    "address_key",
    "all_sessions",
    "attempted",
    "attempts_forgotten",
    "changed",
    "claim_dropped",
    "claim_read",
    "claimed",
    "code_dropped",
    "code_read",
    "code_set",
    "code_used",
    "created",
    "entries",
    "entry_added",
    "entry_changed",
    "entry_read",
    "entry_removed",
    "every_session",
    "factor_offered",
    "factor_read",
    "factor_removed",
    "factor_used",
    "failure_added",
    "failure_counted",
    "failures_forgotten",
    "failures_read",
    "handled_read",
    "identity_key",
    "keyed_hash",
    "living",
    "member_key",
    "member_read",
    "merchant_created",
    "merchant_read",
    "nobody",
    "password_read",
    "recovery_dropped",
    "recovery_set",
    "recovery_used",
    "removed",
    "session_ended",
    "session_opened",
    "session_read",
    "session_refreshed",
    "sessions",
    "staff_joined",
    "staff_left",
    "staff_moved",
    "traces",
    "traces_dropped",
    "try_spent",
    "unchanged",
]
