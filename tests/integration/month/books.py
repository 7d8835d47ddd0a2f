"""Whether the month's books are what everybody else says: the provider, the bank, and what is still owed to whom.

Nothing here asks the platform what it believes but for its ledger: what that is held against is counted elsewhere.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from entrepot.cloud import reads
from functions.clearing import store as clearing
from functions.clearing.domain import reports
from functions.clearing.domain.items import ACCOUNTS
from functions.settlement import store
from functions.settlement.domain.ledger import TrialBalance
from functions.settlement.service import reading
from tests.integration.month.orders import CURRENCIES
from tests.integration.month.run import Month
from tests.integration.month.world import BEGINS

EMPTY: Final = ("unmatched_receipts", "disputed_funds", "payouts_in_transit", "merchant_reserve")
"""Accounts on which nothing is left once everybody has done what they had to."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the ledger says of something, and what it should be, in minor units."""

    what: str
    currency: str
    ledger: int
    truth: int

    @property
    def unexplained(self) -> int:
        return abs(self.ledger - self.truth)


@dataclass(frozen=True, slots=True)
class Reckoning:
    held: tuple[Held, ...]
    balanced: bool
    digest: str

    @property
    def unexplained(self) -> dict[str, int]:
        """By currency."""
        return {
            currency: sum(each.unexplained for each in self.held if each.currency == currency)
            for currency in CURRENCIES
        }

    @property
    def right(self) -> bool:
        return self.balanced and not any(self.unexplained.values())


def reckon(month: Month) -> Reckoning:
    trial = reading.trial_balance(month.world.clock.at)
    ledger = {(each.account, each.currency): each.debits - each.credits for each in trial.accounts}
    assert {currency for _, currency in ledger} <= set(CURRENCIES)
    return Reckoning(tuple(_held(month, ledger)), trial.balanced, _digest(month, trial))


def _held(month: Month, ledger: dict[tuple[str, str], int]) -> Iterator[Held]:
    world = month.world

    def of(head: str, currency: str) -> int:
        return sum(
            amount for (account, held_in), amount in ledger.items()
            if held_in == currency and account.partition(":")[0] == head
        )  # fmt: skip

    at_stripe = world.stripe.held()
    for currency in CURRENCIES:
        stripe = ledger.get(("psp:stripe", currency), 0)
        bank = ledger.get(("psp:bank", currency), 0) + of("bank", currency)
        yield Held("held by Stripe", currency, stripe, at_stripe.get(currency, 0))
        yield Held("held by the bank", currency, bank, world.bank.held.get(currency, 0))
        yield Held(
            "owed back to buyers", currency, -of("customer_funds", currency), _owed_back(month, currency)
        )
        for head in EMPTY:
            yield Held(head, currency, of(head, currency), 0)
    yield from _cleared(month, ledger)
    for merchant in world.market.stalls.values():
        account = reads.fetch_one(store.account_read(merchant.merchant_id), consistent=True)
        for currency in CURRENCIES:
            owed = -ledger.get((f"merchant_payable:{merchant.merchant_id}", currency), 0)
            carried = account.owed_in(currency) if account is not None else 0
            yield Held("owed to a merchant", currency, owed, carried)


def _cleared(month: Month, ledger: dict[tuple[str, str], int]) -> Iterator[Held]:
    """What all reports of clearing say, beside what the provider and the bank hold and what the ledger says of it.

    The last days are not over yet for clearing, and nothing moves on them.
    """
    days = [BEGINS.date() + timedelta(days=number) for number in range(month.days - 1)]
    truth = {"stripe": month.world.stripe.held(), "bank": month.world.bank.held}
    for source, accounts in ACCOUNTS.items():
        sums = {
            each.currency: each
            for each in reports.joined(*(part for day in days for part in clearing.tallies(source, day)))
        }
        for currency in CURRENCIES:
            found = sums.get(currency, reports.Totals(currency))
            booked = sum(ledger.get((account, currency), 0) for account in accounts)
            yield Held(f"reported by {source}", currency, found.provider, truth[source].get(currency, 0))
            yield Held(f"cleared against {source}", currency, found.ledger, booked)
            unresolved = found.open_breaks + sum(abs(amount) for amount in found.explained.values())
            yield Held(f"differences from {source}", currency, unresolved, 0)


def _owed_back(month: Month, currency: str) -> int:
    return sum(order.owed_back for order in month.orders if order.currency == currency)


def _digest(month: Month, trial: TrialBalance) -> str:
    """The same for the same seed: the trial balance with merchants by their number."""
    names = {each.merchant_id: sku for sku, each in month.world.market.stalls.items()}
    lines = []
    for balance in trial.accounts:
        head, _, part = balance.account.partition(":")
        lines.append(f"{head}:{names.get(part, part)} {balance.currency} {balance.debits} {balance.credits}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
