"""How money leaves for bank accounts: our own accounts, and what a local account number looks like, as dated data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from entrepot.kernel.refusals import Kind, Refusal
from functions.settlement.domain.destinations import Account
from functions.settlement.domain.terms import EVERY


class NoPayoutTerms(Refusal):
    """The data file has no row of payouts for a stage and day. Facts: `on`."""

    code: ClassVar[str] = "no_payout_terms"
    kind: ClassVar[Kind] = Kind.RULE


@dataclass(frozen=True, slots=True)
class Debtor:
    """An account of ours that payouts in one currency leave, at `bank` as the ledger calls it.

    `number` is an IBAN unless `clearing` is given, as in `Account`.
    """

    stages: tuple[str, ...]
    currency: str
    effective_from: date
    bank: str
    holder: str
    country: str
    number: str
    source: str
    bic: str = ""
    clearing: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True)
class PayoutTerms:
    """How long nothing goes to a destination after it was set; and whether a merchant without one is paid by hand."""

    stages: tuple[str, ...]
    effective_from: date
    cooling_hours: int
    by_hand: bool
    source: str

    @property
    def cooling(self) -> timedelta:
        return timedelta(hours=self.cooling_hours)


@dataclass(frozen=True, slots=True)
class LocalForm:
    """What an account is where a country has no IBAN: patterns of the bank's code and of the number.

    `checked` names what its check digits follow: "us.rtn" (code), "nz.bankaccount" (code and number), or nothing.
    """

    country: str
    clearing: str
    member: str
    number: str
    source: str
    checked: str = ""


@dataclass(frozen=True, slots=True)
class Sepa:
    """Where a SEPA credit transfer in euro may go, by the first two letters of the IBAN."""

    effective_from: date
    countries: frozenset[str]
    source: str

    def reaches(self, account: Account, currency: str) -> bool:
        """Whether money in a currency gets to an account that way, so that its IBAN alone names it."""
        return currency == "EUR" and account.iban and account.number[:2] in self.countries


def debtor_for(rows: Sequence[Debtor], stage: str, currency: str, on: date) -> Debtor | None:
    """The newest account of the stage for a currency; None: nothing in it can be paid by a file."""
    found = [
        row for row in rows if stage in row.stages and row.currency == currency and row.effective_from <= on
    ]
    return max(found, key=lambda row: row.effective_from, default=None)


def debtors_in_use(rows: Sequence[Debtor], stage: str, on: date) -> list[Debtor]:
    """Every account of the stage that payouts may still wait for: the newest at each bank for each currency."""
    found = sorted(
        (row for row in rows if stage in row.stages and row.effective_from <= on),
        key=lambda row: row.effective_from,
    )
    return list({(row.bank, row.currency): row for row in found}.values())


def terms_in_force(rows: Sequence[PayoutTerms], stage: str, on: date) -> PayoutTerms:
    """Raises: NoPayoutTerms."""
    found = [row for row in rows if {stage, EVERY} & set(row.stages) and row.effective_from <= on]
    if not found:
        raise NoPayoutTerms(on=on.isoformat())
    return max(found, key=lambda row: (stage in row.stages, row.effective_from))
