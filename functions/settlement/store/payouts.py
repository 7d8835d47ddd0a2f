"""Payouts, what is still to be paid out, and holds."""

from dataclasses import dataclass
from datetime import datetime

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import parsed, rfc3339
from entrepot.kernel.pagination import Page
from functions.settlement.domain.destinations import Destination
from functions.settlement.domain.payouts import Hold, Payout
from functions.settlement.domain.statements import Statement
from functions.settlement.store.shards import SHARDS, AlreadyPosted, Overtaken, shard_of


@dataclass(frozen=True, slots=True)
class Transferring:
    """Where a transfer goes that is under way."""

    destination_id: str
    sealed: str


class UnpaidRow(Row):
    """An issued statement that is to be paid out: pk `unpaid#<shard>`, sk `<merchant>#<statement>`.

    Reached by shard, the merchant's; removed with the payout.
    """

    class Meta:
        table_name = aws.name("settlement")

    statement_id = Text()


class PayoutRow(Row):
    """One payout: pk `payout#<id>`, sk "payout". Reached by id, which follows from its statement's."""

    class Meta:
        table_name = aws.name("settlement")

    revision = Number()
    payout = Document[Payout](Payout)


class TransferRow(Row):
    """A transfer that its provider is to be asked for or about: pk `transferring#<shard>`, sk `<moment>#<payout>`.

    Reached by shard, up to a moment. `sealed` is the account that it goes to, bound to `destination_id`.
    """

    class Meta:
        table_name = aws.name("settlement")

    payout_id = Text()
    destination_id = Text()
    sealed = Text()


class PaidRow(Row):
    """A payout in its merchant's list: pk `payouts#<merchant>`, sk its id, so that the newest is the last."""

    class Meta:
        table_name = aws.name("settlement")


class HoldRow(Row):
    """That nothing is paid out to a merchant: pk `hold#<merchant>`, sk "hold"."""

    class Meta:
        table_name = aws.name("settlement")

    reason = Text()
    by = Text()
    since = Text()


def now_unpaid(statement: Statement) -> Write:
    """Raises, at commit: Overtaken."""
    return writes.create(_unpaid(statement.merchant_id, statement.statement_id), Overtaken())


def unpaid() -> dict[str, list[str]]:
    """The statements that are to be paid out, by merchant: SHARDS queries."""
    found: dict[str, list[str]] = {}
    for shard in range(SHARDS):
        rows = reads.query_all(UnpaidRow, f"unpaid#{shard}", lambda row: str(row.sk), consistent=True)
        for merchant_id, _, statement_id in (key.partition("#") for key in rows):
            found.setdefault(merchant_id, []).append(statement_id)
    return found


def unpaid_of(merchant_id: str) -> list[str]:
    """The statements of a merchant that are to be paid out."""
    where = UnpaidRow.sk.startswith(f"{merchant_id}#")
    key = f"unpaid#{shard_of(merchant_id)}"
    return reads.query_all(UnpaidRow, key, lambda row: str(row.statement_id), where=where, consistent=True)


def payout_made(payout: Payout) -> list[Write]:
    """The statement is no longer unpaid, and its payout is there. Raises, at commit: AlreadyPosted, Overtaken.

    The condition on the hold is the last word on whether money leaves: Overtaken where one was put meanwhile.
    """
    unpaid_row = _unpaid(payout.merchant_id, payout.statement_id)
    return [
        writes.create(_row(payout), AlreadyPosted()),
        writes.create(PaidRow(f"payouts#{payout.merchant_id}", payout.payout_id), AlreadyPosted()),
        writes.delete(unpaid_row, UnpaidRow.pk.exists(), AlreadyPosted()),
        not_held(payout.merchant_id),
    ]


def not_held(merchant_id: str) -> Write:
    """Holds that nothing stops a merchant's money. Raises, at commit: Overtaken."""
    hold = HoldRow(f"hold#{merchant_id}", "hold")
    return writes.check(hold, HoldRow.pk.does_not_exist(), Overtaken())


def to_transfer(payout: Payout, destination: Destination) -> Write:
    """The provider is to be asked. Raises, at commit: AlreadyPosted."""
    return writes.create(_transfer(payout, destination.destination_id, destination.sealed), AlreadyPosted())


def asked_again(before: Payout, after: Payout, transfer: Transferring) -> list[Write]:
    """The provider is to be asked at another moment. Raises, at commit: Overtaken."""
    put = writes.create(_transfer(after, transfer.destination_id, transfer.sealed), Overtaken())
    return [no_longer_asked(before), put]


def no_longer_asked(payout: Payout) -> Write:
    """The provider has said all there is to say. Raises, at commit: Overtaken."""
    return writes.delete(_transfer(payout), TransferRow.pk.exists(), Overtaken())


def transferring_read(payout: Payout) -> reads.Read[Transferring]:
    row = _transfer(payout)
    return reads.Read(TransferRow, row.pk, row.sk, _transferring)


def to_ask(shard: int, now: datetime, limit: int) -> list[str]:
    """Payouts whose provider is to be asked by now, the longest overdue first."""
    page = reads.query(
        TransferRow,
        f"transferring#{shard}",
        lambda row: str(row.payout_id),
        where=TransferRow.sk < f"{rfc3339(now)}$",  # "$" comes after "#": this very moment is in
        limit=limit,
        consistent=True,
    )
    return list(page.items)


def payout_read(payout_id: str) -> reads.Read[Payout]:
    return reads.Read(PayoutRow, f"payout#{payout_id}", "payout", lambda row: row.payout)


def payout_moved(before: Payout, after: Payout) -> Write:
    """Raises, at commit: Overtaken."""
    return writes.put(_row(after), PayoutRow.revision == before.revision, Overtaken())


def payouts(merchant_id: str, limit: int, after: dict[str, str] | None) -> Page[Payout]:
    """A page of a merchant's payouts, newest first."""
    page = reads.query(
        PaidRow,
        f"payouts#{merchant_id}",
        lambda row: str(row.sk),
        limit=limit,
        newest_first=True,
        after=after,
    )
    found = reads.fetch(*(payout_read(payout_id) for payout_id in page.items)) if page.items else []
    return Page(tuple(found), page.next_key)


def hold_read(merchant_id: str) -> reads.Read[Hold]:
    return reads.Read(HoldRow, f"hold#{merchant_id}", "hold", _hold)


def held(hold: Hold) -> Write:
    """Put a hold, or another reason on one."""
    row = HoldRow(
        f"hold#{hold.merchant_id}", "hold", reason=hold.reason, by=hold.by, since=rfc3339(hold.since)
    )
    return writes.put(row)


def let_go(merchant_id: str) -> Write:
    """Take a hold away; where there is none nothing happens."""
    return writes.delete(HoldRow(f"hold#{merchant_id}", "hold"))


def _unpaid(merchant_id: str, statement_id: str) -> UnpaidRow:
    return UnpaidRow(
        f"unpaid#{shard_of(merchant_id)}", f"{merchant_id}#{statement_id}", statement_id=statement_id
    )


def _transfer(payout: Payout, destination_id: str | None = None, sealed: str | None = None) -> TransferRow:
    assert payout.ask_at is not None, "a transfer that is under way is asked about"
    return TransferRow(
        f"transferring#{shard_of(payout.payout_id)}",
        f"{rfc3339(payout.ask_at)}#{payout.payout_id}",
        payout_id=payout.payout_id,
        destination_id=destination_id,
        sealed=sealed,
    )


def _transferring(row: TransferRow) -> Transferring:
    return Transferring(row.destination_id, row.sealed)


def _row(payout: Payout) -> PayoutRow:
    return PayoutRow(f"payout#{payout.payout_id}", "payout", payout=payout, revision=payout.revision)


def _hold(row: HoldRow) -> Hold:
    since: datetime = parsed(row.since)
    return Hold(row.pk.partition("#")[2], row.reason, row.by, since)
