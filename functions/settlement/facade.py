"""All that others may call of settlement: the run, and what proves its ledger."""

from functions.settlement.domain.ledger import Balance, Entry, TrialBalance
from functions.settlement.service.paying import Paid, pay
from functions.settlement.service.reading import entries_on, recomputed, trial_balance
from functions.settlement.service.running import Run, run
from functions.settlement.service.settling import settle

__all__ = [
    "Balance",
    "Entry",
    "Paid",
    "Run",
    "TrialBalance",
    "entries_on",
    "pay",
    "recomputed",
    "run",
    "settle",
    "trial_balance",
]
