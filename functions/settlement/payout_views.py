"""What settlement's routes of payouts take and give."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta

from entrepot.cloud.wire import Body, CountryCode, View
from entrepot.cloud.wire import Line as LineText
from entrepot.kernel.money import Money
from functions.settlement.domain.destinations import Destination
from functions.settlement.domain.payout_files import PayoutFile
from functions.settlement.domain.payouts import Hold, Payout, end_to_end
from functions.settlement.service.filing import LINK_SECONDS

AccountText = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9 .-]+\Z")]


class OutcomeBody(Body, frozen=True):
    """What the bank did: it has the order (`sent`), has taken the money (`paid`), or sends it back (`returned`).

    `reason`: why it did that, in the bank's code.
    """

    status: Literal["sent", "paid", "returned"]
    reason: Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z0-9 ._-]*\Z")] = ""


class HoldBody(Body, frozen=True):
    reason: LineText


class HoldView(View, frozen=True):
    merchant_id: str
    reason: str
    since: datetime


class DestinationBody(Body, frozen=True):
    """Through `stripe`: `account`, the connected account's id.

    Through `bank`: `holder`, and either `iban` or, where there is none, `country`, `bank_code` and `account_number`; in
    both cases `bic` may be given.
    """

    through: Literal["stripe", "bank"]
    account: Annotated[str, Meta(pattern=r"^acct_[A-Za-z0-9]{1,64}\Z")] | None = None
    holder: LineText | None = None
    iban: AccountText | None = None
    bic: AccountText | None = None
    country: CountryCode | None = None
    bank_code: AccountText | None = None
    account_number: AccountText | None = None


class DestinationView(View, frozen=True):
    """Where payouts in `currency` go, its number all but hidden.

    Nothing goes there before `usable_from`, nor once it is `stopped`, which says why, until it is set anew.
    """

    id: str
    merchant_id: str
    currency: str
    through: str
    account: str
    set_at: datetime
    usable_from: datetime
    stopped: str | None


class DestinationsView(View, frozen=True):
    data: list[DestinationView]
    next_cursor: None = None


class PayoutView(View, frozen=True):
    """What a merchant is paid for one statement; `entries` are ids of the ledger entries that moved it.

    `way` is "hand", "file" or "transfer"; `destination` all but hides its number; `reference` is the id of the payout
    file, or of the provider's transfer, that it left by. `returned` of it came back, and `reason` says why.
    `end_to_end_id` is what the bank's statements call it.
    """

    id: str
    statement_id: str
    merchant_id: str
    amount: Money
    status: str
    way: str
    destination: str | None
    reference: str | None
    end_to_end_id: str
    returned: Money
    reason: str | None
    created_at: datetime
    moved_at: datetime | None
    entries: tuple[str, ...]


class PayoutsView(View, frozen=True):
    data: list[PayoutView]
    next_cursor: str | None


class PayoutFileView(View, frozen=True):
    """A file for our bank: pain.001.001.09. `status` is "open", "closed", "ready", or "void": one that was never
    to be had. `url` opens one that is ready without signing in, until `link_expires_at`; lists have none. `sha256` is
    of the file."""

    id: str
    bank: str
    amount: Money
    payouts: int
    status: str
    opened_at: datetime
    ready_at: datetime | None
    sha256: str | None
    url: str | None
    link_expires_at: datetime | None


class PayoutFilesView(View, frozen=True):
    data: list[PayoutFileView]
    next_cursor: str | None


def destination_view(destination: Destination) -> DestinationView:
    return DestinationView(
        id=destination.destination_id,
        merchant_id=destination.merchant_id,
        currency=destination.currency,
        through=destination.through.value,
        account=destination.masked,
        set_at=destination.set_at,
        usable_from=destination.usable_from,
        stopped=destination.stopped or None,
    )


def payout_view(payout: Payout) -> PayoutView:
    return PayoutView(
        id=payout.payout_id,
        statement_id=payout.statement_id,
        merchant_id=payout.merchant_id,
        amount=payout.amount,
        status=payout.status.value,
        way=payout.way.value,
        destination=payout.destination or None,
        reference=payout.reference or None,
        end_to_end_id=end_to_end(payout.payout_id),
        returned=Money(payout.returned, payout.amount.currency),
        reason=payout.reason or None,
        created_at=payout.created_at,
        moved_at=payout.moved_at,
        entries=payout.entries,
    )


def file_view(file: PayoutFile, url: str | None, now: datetime) -> PayoutFileView:
    return PayoutFileView(
        id=file.file_id,
        bank=file.debtor.bank,
        amount=file.amount,
        payouts=file.count,
        status=file.status.value,
        opened_at=file.opened_at,
        ready_at=file.ready_at,
        sha256=file.digest or None,
        url=url,
        link_expires_at=now + timedelta(seconds=LINK_SECONDS) if url else None,
    )


def hold_view(hold: Hold) -> HoldView:
    return HoldView(merchant_id=hold.merchant_id, reason=hold.reason, since=hold.since)
