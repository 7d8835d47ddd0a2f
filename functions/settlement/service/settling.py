"""The settlement run: each merchant's pending lines become statements.

A statement grows part by part, each part one transaction: its lines leave the pending ones, the part and its entry
are written, the statement counts one part more. The first part also opens the statement, with the terms and the day's
rates that all its parts go by; the last also issues it. So a run that dies anywhere leaves an open statement that the
next run continues by the same terms, and two runs at once overtake one another without settling a line twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final

from entrepot.cloud import aws, reads, telemetry, writes
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.settlement import StatementIssued
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Busy, Kind, Refusal
from functions.membership.facade import Merchant, merchant_read
from functions.rates import facade as rates
from functions.settlement import store
from functions.settlement.domain import rules, statements
from functions.settlement.domain.ledger import Entry
from functions.settlement.domain.shares import PendingLine
from functions.settlement.domain.statements import (
    PARTS_PER_STATEMENT,
    Account,
    Line,
    Part,
    Statement,
    Status,
    conversions,
    settled_line,
)
from functions.settlement.domain.terms import Rate, Terms, fee_in_force, recorded_rate, spread_in_force
from functions.settlement.prices import prices
from functions.settlement.service import closing, paying

_TRIES: Final = 5


class UnknownMerchant(Refusal):
    """Something is owed to a merchant that membership does not know. Facts: `merchant_id`."""

    code: ClassVar[str] = "unknown_merchant"
    kind: ClassVar[Kind] = Kind.RULE


class SettlementIncomplete(Refusal):
    """Some merchants could not be settled; the others were. Facts: `merchants`, how many."""

    code: ClassVar[str] = "settlement_incomplete"
    kind: ClassVar[Kind] = Kind.RULE


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did: the statements it issued, and the merchants it could not settle."""

    issued: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def run(now: datetime) -> Run:
    """Settle every merchant with something pending. What fails for one merchant does not stop the others."""
    done = Run()
    for merchant_id, stamps in store.due().items():
        try:
            done.issued.extend(settle(merchant_id, now))
        except Refusal as refusal:
            telemetry.log("settlement_refused", level="error", merchant_id=merchant_id, code=refusal.code)
            done.failed.append(merchant_id)
        else:
            _no_longer_due(merchant_id, stamps)
    telemetry.metric("StatementsIssued", len(done.issued))
    telemetry.metric("SettlementsFailed", len(done.failed))
    return done


def scheduled(now: datetime) -> None:
    """Close the days that are over, settle, and pay out.

    Raises: SettlementIncomplete, so that the function's alarm says that somebody must look.
    """
    closing.close_days(now)
    done = run(now)
    paying.pay(now)
    if done.failed:
        raise SettlementIncomplete(merchants=len(done.failed))


def settle(merchant_id: str, now: datetime) -> list[str]:
    """Settle all that is pending of a merchant.

    Returns: the statements issued.
    Raises: UnknownMerchant, RateMissing, NoTerms, Busy. What was settled before stays settled.
    """
    issued: list[str] = []
    overtaken = 0
    while True:
        try:
            statement = _step(merchant_id, now)
        except store.Overtaken:  # another run, or one that was given up on, was first: look again
            overtaken += 1
            if overtaken == _TRIES:
                raise Busy from None
            continue
        if statement is None:
            return issued
        if statement.status is Status.ISSUED:
            issued.append(statement.statement_id)
        overtaken = 0


def _step(merchant_id: str, now: datetime) -> Statement | None:
    """Settle the oldest pending lines as one part. Returns: the statement after it, None: nothing is pending."""
    account: Account = reads.fetch_one(store.account_read(merchant_id), consistent=True) or Account(
        merchant_id
    )
    most = statements.LINES_PER_PART
    found = store.pending(merchant_id, most + 1)
    if not found:
        return None
    statement = _under_way(account) or _opened(account, now)
    pending = found[:most]
    statement = _with_rates(statement, pending)
    number = statement.parts + 1
    lines = tuple(settled_line(one, _known_rate(statement, one), statement.terms) for one in pending)
    entry = _entry(statement, number, lines, now)
    part = Part(number, entry.fact, entry.entry_id, lines)
    after = statement.with_part(part)
    last = len(found) <= most or number == PARTS_PER_STATEMENT
    if last:
        after = after.issued(now)
    writes.commit(
        *store.part_settled(after, part),
        *store.posted(entry),
        *_account_writes(account, after, first=number == 1, last=last),
        *([store.listed(after), _announced(after, now)] if last else []),
        *([store.now_unpaid(after)] if last and after.payable else []),
    )
    return after


def _under_way(account: Account) -> Statement | None:
    if account.open_statement is None:
        return None
    statement = reads.fetch_one(store.statement_read(account.open_statement), consistent=True)
    assert statement is not None, "an account names a statement that was written with it"
    if statement.status is not Status.OPEN:
        raise store.Overtaken  # it was issued after the account was read
    return statement


def _opened(account: Account, now: datetime) -> Statement:
    merchant = reads.fetch_one(merchant_read(account.merchant_id))
    if merchant is None:
        raise UnknownMerchant(merchant_id=account.merchant_id)
    return statements.opened(new_id("stm", now), account, _terms(merchant, now), now)


def _terms(merchant: Merchant, now: datetime) -> Terms:
    table = rates.current(now.date())
    fee = fee_in_force(prices().payment_fees, aws.STAGE, now.date())
    currency = merchant.payout_currency
    return Terms(
        currency=currency,
        commission_basis_points=merchant.commission_basis_points,
        fee_basis_points=fee.basis_points,
        fee_fixed=table.convert(fee.fixed, currency).amount,
        spread_basis_points=spread_in_force(prices().fx_spreads, aws.STAGE, merchant.merchant_id, now.date()),
        rates_on=table.date,
        rates_source=table.source,
    )


def _with_rates(statement: Statement, pending: Sequence[PendingLine]) -> Statement:
    """The statement with a recorded rate for each currency; one that it has already stays."""
    terms = statement.terms
    currencies = sorted({one.currency for one in pending})
    missing = [currency for currency in currencies if statement.rate_of(currency) is None]
    if not missing:
        return statement
    table = rates.current(terms.rates_on)
    return statement.with_rates(
        recorded_rate(currency, table.rate(currency, terms.currency), terms) for currency in missing
    )


def _known_rate(statement: Statement, pending: PendingLine) -> Rate:
    rate = statement.rate_of(pending.currency)
    assert rate is not None, "a part's rates are recorded before its lines are settled"
    return rate


def _entry(statement: Statement, number: int, lines: Sequence[Line], now: datetime) -> Entry:
    currency = statement.terms.currency
    postings = rules.part_settled(
        statement.merchant_id,
        conversions(lines, currency),
        rules.Charges(
            commission=Money(sum(line.commission for line in lines), currency),
            payment_fee=Money(sum(line.payment_fee for line in lines), currency),
        ),
    )
    fact = f"settle:{statement.statement_id}:{number}"
    return Entry(new_id("ent", now), fact, "part_settled", now, postings, now)


def _account_writes(account: Account, statement: Statement, *, first: bool, last: bool) -> list[Write]:
    after = account.opened(statement) if first else account
    if last:
        after = after.closed(statement)
    if not (first or last):
        return []
    return [store.account_moved(account, after)]


def _announced(statement: Statement, now: datetime) -> Write:
    event = StatementIssued(
        event_id=new_id("evt", now),
        occurred_at=now,
        statement_id=statement.statement_id,
        merchant_id=statement.merchant_id,
        currency=statement.terms.currency,
        net=statement.net,
        orders=statement.lines,
    )
    return announce(event)


def _no_longer_due(merchant_id: str, stamps: Sequence[tuple[int, str]]) -> None:
    for shard, stamp in stamps:
        try:
            writes.commit(store.no_longer_due(merchant_id, shard, stamp))
        except store.Overtaken:  # something became pending meanwhile: the next run sees it
            continue
