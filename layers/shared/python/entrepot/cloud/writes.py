"""One commit for a use case: writes of several contexts in one all-or-nothing transaction.

Why not pynamodb's TransactWrite: it sends checks, deletes, puts and updates in that order, so the reasons of a
cancelled transaction do not follow the writes as they were given. Here the order is ours (ADR 0002).
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from entrepot.cloud import dynamo, rows
from entrepot.cloud.pynamo import Action, Condition
from entrepot.kernel.refusals import Busy, Kind, Refusal

MOST_ITEMS: Final = 80
"""What a use case may touch in one transaction. DynamoDB's own limit is 100; the rest is for what stands beside."""

_IN_PROGRESS: Final = "TransactionInProgressException"
_TRIES: Final = 6
_FIRST_PAUSE_SECONDS: Final = 0.02

OldRow = Any  # the row as it stood when its condition failed, or None
Explain = Callable[[OldRow], Refusal]


@dataclass(frozen=True, slots=True)
class Write:
    """One conditional write and the refusal its condition stands for.

    `refusal` is raised when the condition fails; a callable is given the row as it stood, or None. `contended`
    is raised when other transactions held the item through all tries; otherwise that is `Busy`. A `repeatable`
    update may be told its refusal although it was written, where the first answer was lost on the way.
    """

    verb: str
    row: rows.Row
    condition: Condition | None
    refusal: Refusal | Explain | None
    actions: Sequence[Action] = ()
    contended: Refusal | None = None
    repeatable: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        return (rows.table_name(type(self.row)), self.row.pk, self.row.sk)

    def on_contention(self, refusal: Refusal) -> "Write":
        return replace(self, contended=refusal)

    def request(self) -> dict[str, Any]:
        """This write in DynamoDB's notation."""
        if self.verb == "Put":
            body = self.row.get_save_kwargs_from_instance(self.condition, "ALL_OLD")
        elif self.verb == "Update":
            body = self.row.get_update_kwargs_from_instance(list(self.actions), self.condition, "ALL_OLD")
        else:
            body = self.row.get_delete_kwargs_from_instance(self.condition, "ALL_OLD")
        return {self.verb: body}


def put(row: rows.Row, condition: Condition | None = None, refusal: Refusal | Explain | None = None) -> Write:
    return Write("Put", row, condition, refusal)


def create(row: rows.Row, refusal: Refusal | Explain) -> Write:
    """Put a row that must not be there yet."""
    return Write("Put", row, type(row).pk.does_not_exist(), refusal)


def update(
    row: rows.Row,
    actions: Sequence[Action],
    condition: Condition,
    refusal: Refusal | Explain | None = None,
    *,
    repeatable: bool = False,
) -> Write:
    """Change a row in place. `row` needs its keys only."""
    return Write("Update", row, condition, refusal, actions, repeatable=repeatable)


def delete(
    row: rows.Row, condition: Condition | None = None, refusal: Refusal | Explain | None = None
) -> Write:
    return Write("Delete", row, condition, refusal)


def check(row: rows.Row, condition: Condition, refusal: Refusal | Explain) -> Write:
    """Hold a condition on a row without changing it. `row` needs its keys only."""
    return Write("ConditionCheck", row, condition, refusal)


class Outrun(Refusal):
    """What was to be written beside was written by another meanwhile: it is made anew, and the commit tried again."""

    code = "outrun"
    kind = Kind.BUSY


class Beside(Protocol):
    """What stands beside a use case's own writes, in their transaction: the audit's entry about them."""

    def writes(self, own: Sequence[Write]) -> Sequence[Write]:
        """Made anew for each try; their conditions refuse with `Outrun`."""

    def written(self) -> None:
        """The transaction stands."""


beside: ContextVar[Beside | None] = ContextVar("beside", default=None)


@contextmanager
def nothing_beside() -> Iterator[None]:
    """Commits within stand alone: what is written down for the platform's own sake is nobody's deed."""
    token = beside.set(None)
    try:
        yield
    finally:
        beside.reset(token)


def commit(*writes: Write) -> None:
    """All of `writes`, or none; with them what `beside` adds.

    Raises:
        Refusal: that of the first write whose condition failed.
        Busy: other transactions held an item through all tries; nothing was written.
        AssertionError: two writes touch one item, or there are more than MOST_ITEMS: a bug of the caller.
    """
    assert len(writes) <= MOST_ITEMS, f"{len(writes)} writes in one transaction"
    companion = beside.get()
    if companion is None:
        _commit(writes)
        return
    for turn in range(_TRIES):
        _pause(turn)
        added = companion.writes(writes)
        try:
            _commit((*writes, *added))
        except Outrun:
            continue
        companion.written()
        return
    raise Busy


def _commit(writes: Sequence[Write]) -> None:
    assert writes, "a transaction without writes"
    assert len({write.key for write in writes}) == len(writes), "two writes touch one item"
    send, token = _sender(writes), _token()
    contended: Refusal | None = None
    for turn in range(_TRIES):
        _pause(turn)
        try:
            send(token)
            return
        except ClientError as error:
            held = _judge(error, writes)
            if error.response["Error"]["Code"] != _IN_PROGRESS:
                token = _token()  # what was cancelled is over: the next try is a transaction of its own
        if held is None:
            return
        contended = held.contended
    raise contended or Busy()


def _pause(turn: int) -> None:
    if turn:
        time.sleep(random.uniform(0.2, 1) * _FIRST_PAUSE_SECONDS * 2 ** (turn - 1))


def _token() -> str:
    """By it DynamoDB knows a transaction that is sent twice because its first answer was lost.

    One that may be going on behind such an answer is asked for by the same token, or it would find its own rows there
    and take them for another's.
    """
    return str(uuid.uuid4())


def _sender(writes: Sequence[Write]) -> Callable[[str], Any]:
    """What sends the writes under a token."""
    items = [write.request() for write in writes]
    if len(writes) == 1 and _stands_alone(writes[0]):
        # One item needs no transaction, at half its price, and has no token.
        return lambda _: dynamo.call(f"{writes[0].verb}Item", **items[0][writes[0].verb])
    return lambda token: dynamo.call("TransactWriteItems", TransactItems=items, ClientRequestToken=token)


def _stands_alone(write: Write) -> bool:
    """Whether a write that was sent twice, its first answer lost, can be told from one that is refused.

    A transaction has a token for that. Without one, a put can find its own row there.
    """
    return write.verb == "Put" or write.condition is None or write.repeatable


def _judge(error: ClientError, writes: Sequence[Write]) -> Write | None:
    """The write that other transactions held, so that a further try makes sense; None where all was written.

    Otherwise raises.
    """
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException" and _was_ours(error, writes[0]):
        return None
    if code == "ConditionalCheckFailedException":
        raise _refusal(writes[0], error.response.get("Item")) from None
    if code in (
        "TransactionConflictException",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        _IN_PROGRESS,
    ):
        return writes[0]
    if code != "TransactionCanceledException":
        raise error
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])
    for write, reason in zip(writes, reasons, strict=True):
        if reason.get("Code") == "ConditionalCheckFailed":
            raise _refusal(write, reason.get("Item")) from None
    for write, reason in zip(writes, reasons, strict=True):
        if reason.get("Code") in ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"):
            return write
    raise error


def _was_ours(error: ClientError, write: Write) -> bool:
    """Whether a put was refused by itself: botocore sent it again because its first answer was lost."""
    sent_again = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
    return sent_again and write.verb == "Put" and write.request()["Put"]["Item"] == error.response.get("Item")


def _refusal(write: Write, old: dict[str, Any] | None) -> Refusal:
    assert write.refusal is not None, f"a condition without a refusal failed on {type(write.row).__name__}"
    if isinstance(write.refusal, Refusal):
        return write.refusal
    return write.refusal(rows.parsed(type(write.row), old) if old else None)
