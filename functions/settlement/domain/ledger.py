"""Double entry: entries that balance by construction, the balances that follow, and how an entry is undone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Final

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Kind, Refusal
from functions.settlement.domain import chart


class Unbalanced(Refusal):
    """The amounts of a fact do not add up, so it moves nothing. Facts: `rule`, `currency`, `debits`, `credits`."""

    code: ClassVar[str] = "unbalanced_entry"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "Debits and credits differ."


class Contradicted(Refusal):
    """A fact that the ledger knows is told again with other amounts: a person must look. Facts: `fact`."""

    code: ClassVar[str] = "fact_contradicted"
    kind: ClassVar[Kind] = Kind.CONFLICT
    title: ClassVar[str] = "The ledger has this fact with other amounts."


@dataclass(frozen=True, slots=True)
class Posting:
    """A debit or a credit of an account, in minor units of its currency; the other of the two is zero.

    Raises: ValueError: neither or both are above zero, or account or currency is unknown.
    """

    account: str
    currency: str
    debit: int
    credit: int

    def __post_init__(self) -> None:
        if min(self.debit, self.credit) != 0 or max(self.debit, self.credit) <= 0:
            raise ValueError("a posting is a debit or a credit above zero")
        if self.currency not in EXPONENTS:
            raise ValueError(f"{self.currency!r} is not a currency of ISO 4217")
        if not chart.known(self.account):
            raise ValueError(f"the chart has no account {self.account!r}")


Postings = tuple[Posting, ...]


def debit(account: str, amount: Money) -> Postings:
    """A debit; of a negative amount a credit; of zero nothing."""
    if amount.amount < 0:
        return (Posting(account, amount.currency, debit=0, credit=-amount.amount),)
    return (Posting(account, amount.currency, debit=amount.amount, credit=0),) if amount else ()


def credit(account: str, amount: Money) -> Postings:
    """A credit; of a negative amount a debit; of zero nothing."""
    return debit(account, -amount)


@dataclass(frozen=True, slots=True)
class Entry:
    """The ledger transaction of one fact. One without postings says that the fact moved no money.

    `occurred_at` is when the fact happened, `booked_at` when the ledger learnt of it: the balances of a day are made
    of what was booked by its end, so that they never change once it is over. `reverses` is the fact that this undoes.

    Raises: Unbalanced.
    """

    entry_id: str
    fact: str
    rule: str
    occurred_at: datetime  # UTC
    postings: Postings
    booked_at: datetime | None = None  # UTC; None: with the fact
    reverses: str | None = None

    @property
    def booked_on(self) -> date:
        return (self.booked_at or self.occurred_at).date()

    def __post_init__(self) -> None:
        for currency, (debits, credits_) in sorted(sums(self.postings).items()):
            if debits != credits_:
                raise Unbalanced(rule=self.rule, currency=currency, debits=debits, credits=credits_)


@dataclass(frozen=True, slots=True)
class Balance:
    """The sums of all debits and of all credits of an account in one currency."""

    account: str
    currency: str
    debits: int
    credits: int

    @property
    def closing(self) -> tuple[int, int]:
        """The balance on its own side: (debit, credit), at least one of them zero."""
        net = self.debits - self.credits
        return max(net, 0), max(-net, 0)


def balances(postings: Iterable[Posting | Balance]) -> tuple[Balance, ...]:
    """What postings, or balances of a part of them, add up to by account and currency, in that order."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for one in postings:
        more = (one.debit, one.credit) if isinstance(one, Posting) else (one.debits, one.credits)
        key = one.account, one.currency
        held = found.get(key, (0, 0))
        found[key] = held[0] + more[0], held[1] + more[1]
    return tuple(Balance(*key, *found[key]) for key in sorted(found))


def sums(postings: Iterable[Posting | Balance]) -> dict[str, tuple[int, int]]:
    """All debits and all credits of each currency."""
    found: dict[str, tuple[int, int]] = {}
    for balance in balances(postings):
        held = found.get(balance.currency, (0, 0))
        found[balance.currency] = held[0] + balance.debits, held[1] + balance.credits
    return found


@dataclass(frozen=True, slots=True)
class TrialBalance:
    as_of: datetime  # UTC
    accounts: tuple[Balance, ...]

    @property
    def balanced(self) -> bool:
        """Whether debits equal credits in each currency."""
        return all(debits == credits_ for debits, credits_ in sums(self.accounts).values())


REVERSIBLE: Final = frozenset(
    {
        "payment_captured",
        "refund_succeeded",
        "refund_returned",
        "provider_fee",
        "provider_converted",
        "dispute_opened",
        "dispute_fee",
        "dispute_won",
        "receipt_unmatched",
        "receipt_matched",
        "receipt_returned",
    }
)
"""Rules whose entries a person may undo. What others moved stands on a statement or payout too, and is undone there."""


class NotReversible(Refusal):
    """The entry moves what a statement or a payout tells of, or is itself a reversal. Facts: `rule`."""

    code: ClassVar[str] = "entry_not_reversible"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "An entry of this rule is not reversed by hand."


def reversal_of(entry: Entry, entry_id: str, now: datetime) -> Entry:
    """The entry that undoes another and names it. Its fact follows from the other's, so that there is at most one.

    Raises: NotReversible.
    """
    if entry.rule not in REVERSIBLE:
        raise NotReversible(rule=entry.rule)
    turned = tuple(Posting(one.account, one.currency, one.credit, one.debit) for one in entry.postings)
    return Entry(entry_id, f"reversal:{entry.fact}", "reversed", now, turned, now, reverses=entry.fact)
