"""Dead letters by one command: `python -m infra.letters list | show | redrive | discard` (`make letters`).

    list                           every queue of dead letters: how many, how old the oldest is; exits with 1 if any
    show QUEUE [ID …]              what they tell of, and why they were given up; no personal data
    redrive QUEUE --all | ID …     back to their queue, where each has five tries again
    discard QUEUE --all | ID …     away for good

Both of the last say what they would do; `--confirm N` does it, N being how many letters that is. A letter is sent to
its queue before it is deleted here: who dies in between leaves it in both places, and consumers take it once.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from infra.estate import QUEUES, SUBSCRIPTIONS
from infra.stage import OUT_OF_REACH, Stage, add_arguments, chosen

Say = Callable[[str], None]

_HIDDEN_SECONDS: Final = 120
_BATCH: Final = 10
_ROUNDS: Final = 3
"""How often in a row a queue has to say that it is empty: a queue on many machines may say so once too early."""
_DEADLINE_DAYS: Final = 14
_LOGGED: Final = ("message_failed", "message_refused")
_THING: Final = re.compile(r"\b(?:[a-z]{2,6}_(?:test_)?[0-9A-Za-z]{14,})\b")


class NotMoved(Exception):
    """Why nothing is moved; the message is one line."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `given_up_at` is when it was first seen among the dead ones, for SQS tells no better."""

    queue: str
    message_id: str
    body: str
    sent_at: datetime
    receipt: str = field(repr=False)
    attributes: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def event(self) -> dict[str, Any] | None:
        """What it tells of, where it is an event of ours: those hold no personal data. None for anything else."""
        if self.queue not in SUBSCRIPTIONS:
            return None
        try:
            said = json.loads(self.body)
        except ValueError:
            return None
        return said if isinstance(said, dict) and "event_id" in said else None

    @property
    def name(self) -> str:
        said = self.event
        return str(said["event"]) if said else self.queue


@dataclass(frozen=True, slots=True)
class Pile:
    """The dead letters of a queue. `oldest_at` is None where there are none."""

    queue: str
    count: int
    oldest_at: datetime | None


def piles(stage: Stage, queues: Iterable[str] = QUEUES) -> list[Pile]:
    """Every queue of dead letters, counted by looking at each letter: SQS's own count is approximate."""
    found = []
    for queue in queues:
        sent = [letter.sent_at for letter in peeked(stage, queue)]
        found.append(Pile(queue, len(sent), min(sent, default=None)))
    return found


def peeked(stage: Stage, queue: str) -> list[Letter]:
    """The dead letters of a queue, oldest first, looked at and left where they are."""
    url = stage.queue_url(f"{queue}-dlq")
    if not _counted(stage, url):
        return []
    found: dict[str, Letter] = {}
    try:
        for letter in _received(stage, queue, url):
            found[letter.message_id] = letter
    finally:
        for letter in found.values():
            _show_again(stage, url, letter)
    return sorted(found.values(), key=lambda letter: (letter.sent_at, letter.message_id))


def waiting(stage: Stage, queue: str) -> int:
    """About how many messages are on their way to a queue's consumer, or being worked on."""
    return _counted(stage, stage.queue_url(queue))


def redrive(stage: Stage, queue: str, wanted: Collection[str] | None) -> int:
    """Dead letters back to their queue. Args: wanted: their ids; all of them if None. Returns: how many.

    SQS moves a whole queue by itself; some of it, or on a stand-in that cannot, are received, sent, then deleted.
    """
    if wanted is None and (moved := _moved_by_sqs(stage, queue)) is not None:
        return moved
    target = stage.queue_url(queue)

    def send(letter: Letter) -> None:
        stage.client("sqs").send_message(
            QueueUrl=target, MessageBody=letter.body, MessageAttributes=letter.attributes
        )

    return _taken(stage, queue, wanted, send)


def discard(stage: Stage, queue: str, wanted: Collection[str] | None) -> int:
    """Dead letters away for good. Returns: how many."""
    return _taken(stage, queue, wanted, lambda _: None)


def reasons(stage: Stage, letter: Letter) -> list[str]:
    """Why its tries failed, as its function logged it, the first try first; nothing where the logs are gone."""
    group = f"/aws/lambda/{stage.called(letter.queue)}"
    pattern = f'"{letter.message_id}"'
    begin = int(letter.sent_at.timestamp() * 1000)
    try:
        pages = stage.client("logs").get_paginator("filter_log_events")
        found = [
            event["message"]
            for page in pages.paginate(logGroupName=group, startTime=begin, filterPattern=pattern)
            for event in page["events"]
        ]
    except OUT_OF_REACH:
        return []
    return [said for message in found if (said := _reason(message, letter.message_id))]


def shown(stage: Stage, letter: Letter) -> list[str]:
    """A letter in lines, without personal data: an event whole, of anything else the ids in it and its size."""
    told = [f"{letter.message_id}  {letter.name}  sent {letter.sent_at:%Y-%m-%d %H:%M:%S} UTC"]
    if (said := letter.event) is not None:
        told += [
            f"    {name}: {value}" for name, value in said.items() if name != "event" and value is not None
        ]
    else:
        things = list(dict.fromkeys(_THING.findall(letter.body)))[:12]
        told.append(
            f"    {len(letter.body.encode()):,} bytes, from outside: not shown; it names {', '.join(things) or 'no id'}"
        )
    why = reasons(stage, letter)
    told.append(f"    first failure: {why[0]}" if why else "    first failure: not in the logs")
    if len(why) > 1 and why[-1] != why[0]:
        told.append(f"    last failure:  {why[-1]}")
    return told


def _taken(stage: Stage, queue: str, wanted: Collection[str] | None, act: Callable[[Letter], None]) -> int:
    """Each wanted letter is received, acted on and only then deleted; the others are left where they are."""
    url, count = stage.queue_url(f"{queue}-dlq"), 0
    left: list[Letter] = []
    try:
        for letter in _received(stage, queue, url):
            if wanted is not None and letter.message_id not in wanted:
                left.append(letter)
                continue
            act(letter)
            stage.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=letter.receipt)
            count += 1
    finally:
        for letter in left:
            _show_again(stage, url, letter)
    return count


def _moved_by_sqs(stage: Stage, queue: str) -> int | None:
    """How many SQS has moved by itself; None where it cannot, as on the stand-in."""
    sqs, url = stage.client("sqs"), stage.queue_url(f"{queue}-dlq")
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    try:
        sqs.start_message_move_task(SourceArn=arn)
    except sqs.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in (
            "InvalidAction",
            "UnknownOperationException",
            "AWS.SimpleQueueService.UnsupportedOperation",
        ):
            return None
        raise
    while True:
        (task,) = sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"]
        if task["Status"] not in ("RUNNING", "CANCELLING"):
            break
        time.sleep(1)
    if task["Status"] != "COMPLETED":
        raise NotMoved(
            f"SQS ended the move as {task['Status']}: {task.get('FailureReason', 'it gives no reason')}"
        )
    return int(task.get("ApproximateNumberOfMessagesMoved", 0))


def _received(stage: Stage, queue: str, url: str) -> Iterator[Letter]:
    """Every letter once. Each stays hidden from others for two minutes, or until it is shown again."""
    seen: set[str] = set()
    empty = 0
    while empty < _ROUNDS:
        answer = stage.client("sqs").receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=0,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        empty = 0 if fresh else empty + 1
        for message in fresh:
            seen.add(message["MessageId"])
            yield Letter(
                queue,
                message["MessageId"],
                message["Body"],
                datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
                message["ReceiptHandle"],
                _attributes(message.get("MessageAttributes", {})),
            )


def _attributes(received: dict[str, Any]) -> dict[str, Any]:
    names = ("DataType", "StringValue", "BinaryValue")
    return {key: {name: value[name] for name in names if value.get(name)} for key, value in received.items()}


def _show_again(stage: Stage, url: str, letter: Letter) -> None:
    stage.client("sqs").change_message_visibility(
        QueueUrl=url, ReceiptHandle=letter.receipt, VisibilityTimeout=0
    )


def _counted(stage: Stage, url: str) -> int:
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    found = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
    return sum(int(found.get(name, 0)) for name in names)


def _reason(message: str, message_id: str) -> str:
    """What a line of the log says of a failed try, "" where it is about something else."""
    try:
        said = json.loads(message)
    except ValueError:
        return ""
    if (
        not isinstance(said, dict)
        or said.get("event") not in _LOGGED
        or said.get("correlation_id") != message_id
    ):
        return ""
    told = {
        name: value
        for name, value in said.items()
        if name in ("code", "error", "type", "at", "place", "where")
    }
    return f"{said['event']} {' '.join(f'{name}={value}' for name, value in told.items())}".strip()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.letters",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["list", "show", "redrive", "discard"])
    parser.add_argument("queue", nargs="?", choices=QUEUES, metavar="QUEUE")
    parser.add_argument("ids", nargs="*", metavar="ID", help="of messages, as show prints them")
    parser.add_argument("--all", action="store_true", help="every letter of the queue")
    parser.add_argument("--event", help="every letter that tells of this event")
    parser.add_argument("--confirm", type=int, metavar="N", help="do it, if it is N letters")
    add_arguments(parser)
    given = parser.parse_args(arguments)
    stage = chosen(given)
    if given.command == "list":
        return _list(stage)
    if given.queue is None:
        parser.error(f"{given.command} needs the name of a queue")
    if given.command != "show" and not (given.ids or given.all or given.event):
        parser.error(f"{given.command} needs ids, --event or --all")
    found = _chosen(peeked(stage, given.queue), given)
    if given.command == "show":
        for letter in found:
            print("\n".join(shown(stage, letter)))
        print(f"{len(found)} dead letters of {given.queue}")
        return 0
    return _move(stage, given, found)


def _list(stage: Stage) -> int:
    """Prints a line for each queue that has some. Returns: 0, or 1 where there are dead letters."""
    found, now = [pile for pile in piles(stage) if pile.count], datetime.now(UTC)
    for pile in found:
        assert pile.oldest_at is not None
        age = now - pile.oldest_at
        left = _DEADLINE_DAYS * 24 - age.total_seconds() / 3600
        print(
            f"{pile.count:>6}  {pile.queue:<22} oldest {pile.oldest_at:%Y-%m-%d %H:%M} UTC, gone in {left:,.0f} h"
        )
    total = sum(pile.count for pile in found)
    print(f"{total} dead letters in {len(found)} of {len(QUEUES)} queues of {stage.name}")
    return 1 if found else 0


def _chosen(letters: list[Letter], given: argparse.Namespace) -> list[Letter]:
    if given.ids:
        letters = [letter for letter in letters if letter.message_id in given.ids]
    return [letter for letter in letters if not given.event or letter.name == given.event]


def _move(stage: Stage, given: argparse.Namespace, found: list[Letter]) -> int:
    for letter in found:
        print(f"{letter.message_id}  {letter.name}")
    missing = set(given.ids) - {letter.message_id for letter in found}
    if missing:
        print(f"not there: {', '.join(sorted(missing))}")
    if given.confirm is None:
        print(
            f"{given.command} would be of {len(found)} letters of {given.queue}; --confirm {len(found)} does it"
        )
        return 1 if missing else 0
    if given.confirm != len(found) or missing:
        print(f"nothing was done: it is {len(found)} letters, not {given.confirm}")
        return 1
    act = redrive if given.command == "redrive" else discard
    whole = given.all and not given.event
    wanted = None if whole else {letter.message_id for letter in found}
    done = act(stage, given.queue, wanted)
    stage.audit(
        f"letters.{given.command}", (f"queue={given.queue}", f"letters={done}", *sorted(wanted or ()))
    )
    print(f"{given.command}: {done} of {len(found)} letters of {given.queue}")
    return 0 if done == len(found) else 1


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    try:
        sys.exit(main(sys.argv[1:]))
    except (NotMoved, *OUT_OF_REACH) as failed:
        sys.exit(f"letters: {failed}")
