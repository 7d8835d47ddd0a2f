"""All that others may call of settlement: what proves its ledger, and what clearing holds against it."""

from functions.settlement.domain.ledger import Balance, Entry, TrialBalance
from functions.settlement.service.differences import (
    Difference,
    account_moved_on,
    difference_posted,
    entries_of,
    first_day,
    statement_of_payout,
)
from functions.settlement.service.reading import entries_on, recomputed, trial_balance
from functions.settlement.store import SHARDS, AlreadyPosted

__all__ = [
    "SHARDS",
    "AlreadyPosted",
    "Balance",
    "Difference",
    "Entry",
    "TrialBalance",
    "account_moved_on",
    "difference_posted",
    "entries_of",
    "entries_on",
    "first_day",
    "recomputed",
    "statement_of_payout",
    "trial_balance",
]
