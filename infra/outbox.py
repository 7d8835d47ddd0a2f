"""Whether every event was published and heard: `python -m infra.outbox check | repair` (`make outbox`).

    check     what is wrong, one line each
    repair    what can be sent again, is; `--confirm N` does it, N being how many findings that mends

An event is a row of the outbox, written with its cause. Four things can be wrong with it, and each is looked for in
another place than the one that went wrong:

    unsent     it waits for longer than `--minutes`, as its own index says
    held       it is neither sent nor waiting: somebody has taken it out of the way
    unheard    it is marked as sent, but one who subscribed has no entry in the inbox, nor is it a dead letter there
    missing    an order, a payment or a share says that it happened, and no row tells of it

Every consumer leaves an entry for every event that it takes; that is what "unheard" rests on. Sent again is to that one
alone, and takes effect once. A missing row cannot be made anew here: bring it back from a point in time.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.backup.rows import scanned
from infra.estate import SUBSCRIPTIONS
from infra.letters import peeked
from infra.sealed import Row, documents
from infra.stage import OUT_OF_REACH, Stage, add_arguments, chosen

MINUTES: Final = 5
"""How old an event is before it is late: the relay takes seconds, the sweep a minute or two."""

_KEPT: Final = timedelta(days=13)
"""Sent events are kept for 14 days: what is older is not expected to have a row."""

_ABOUT: Final = ("order_id", "payment_id")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `queue`: who did not hear. `about`: the aggregate of a missing event."""

    kind: str
    event: str
    event_id: str = ""
    at: str = ""
    queue: str = ""
    about: str = ""
    body: str = ""

    @property
    def line(self) -> str:
        told = (self.event_id, self.event, self.at, f"by {self.queue}" if self.queue else self.about)
        return f"{self.kind:<8} {'  '.join(part for part in told if part)}"


@dataclass(frozen=True, slots=True)
class Checked:
    """`events` were looked at; `heard` of them are proven to have been published and heard by all who subscribed;
    `unproven`: nobody subscribes to them, so that only the mark says it; `dead`: they lie in dead letters.
    """

    events: int
    heard: int
    unproven: int
    dead: int
    findings: list[Finding]


def check(stage: Stage, minutes: int = MINUTES, now: datetime | None = None) -> Checked:
    """Every event of the outbox and every aggregate that should have one."""
    at = now or datetime.now(UTC)
    late = (at - timedelta(minutes=minutes)).isoformat()
    inbox = {row["pk"]["S"] for row in scanned(stage, "inbox")}
    dead = _dead(stage)
    findings: list[Finding] = []
    told: set[tuple[str, str]] = set()
    events = heard = unproven = given_up = 0
    for row in scanned(stage, "outbox"):
        said, queues = json.loads(row["body"]["S"]), _subscribed(row["event"]["S"])
        events += 1
        told.update((row["event"]["S"], said[name]) for name in _ABOUT if said.get(name))
        if row["created_at"]["S"] > late:
            continue
        if "sent_at" not in row:
            findings.append(_finding("unsent" if "unsent_shard" in row else "held", row))
            continue
        unheard = [queue for queue in queues if f"{queue}#{row['pk']['S']}" not in inbox]
        lost = [queue for queue in unheard if (queue, row["pk"]["S"]) not in dead]
        findings += [_finding("unheard", row, queue) for queue in lost]
        heard += bool(queues) and not unheard
        unproven += not queues
        given_up += len(unheard) > len(lost)
    findings += [finding for finding in _expected(stage, at) if (finding.event, finding.about) not in told]
    return Checked(events, heard, unproven, given_up, sorted(findings, key=lambda each: each.line))


def repair(stage: Stage, findings: Iterable[Finding], now: datetime | None = None) -> int:
    """Send again what can be. Returns: how many findings that mends; a missing row stays one.

    What is unsent or held goes the way of all events: it is put among the unsent, and the sweep publishes it. What one
    consumer has not heard goes to that one's queue alone.
    """
    mended = 0
    for finding in findings:
        if finding.kind in ("unsent", "held"):
            _put_among_the_unsent(stage, finding)
        elif finding.kind == "unheard":
            attributes = {"event": {"DataType": "String", "StringValue": finding.event}}
            stage.client("sqs").send_message(
                QueueUrl=stage.queue_url(finding.queue),
                MessageBody=finding.body,
                MessageAttributes=attributes,
            )
        else:
            continue
        mended += 1
    return mended


def _put_among_the_unsent(stage: Stage, finding: Finding) -> None:
    from entrepot.cloud.outbox import shard

    dynamodb = stage.client("dynamodb")
    try:
        dynamodb.update_item(
            TableName=stage.called("outbox"),
            Key={"pk": {"S": finding.event_id}, "sk": {"S": "event"}},
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(sent_at)",
            UpdateExpression="SET unsent_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": shard(finding.event_id)}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return  # published in the meantime


def _expected(stage: Stage, now: datetime) -> Iterator[Finding]:
    """Each event that an order, a share or a payment of the last days must have told of itself."""
    since = (now - _KEPT).isoformat()
    for row in scanned(stage, "orders"):
        if row["sk"]["S"] == "order":
            yield from _of_order(_document(row, "document"), since)
    for row in scanned(stage, "payments"):
        if row["sk"]["S"] == "payment":
            yield from _of_payment(_document(row, "payment"), since)


def _of_order(order: dict[str, Any], since: str) -> Iterator[Finding]:
    if order["placed_at"] < since:
        return
    names = ["orders.order_placed"]
    statuses = {share["status"] for share in order["shares"]}
    if statuses - {"awaiting_payment", "cancelled", "expired"}:
        names.append("orders.order_paid")
    if statuses == {"expired"}:
        names.append("orders.order_expired")
    if "cancelled" in statuses:
        names.append("orders.order_cancelled")
    if "completed" in statuses:
        names.append("orders.share_completed")
    for name in names:
        yield Finding("missing", name, about=order["order_id"])


def _of_payment(payment: dict[str, Any], since: str) -> Iterator[Finding]:
    if payment["created_at"] < since:
        return
    if payment["captured"]:
        yield Finding("missing", "payments.payment_captured", about=payment["payment_id"])


def _document(row: Row, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dict(documents(row))[name])
    return found


def _dead(stage: Stage) -> set[tuple[str, str]]:
    """Queue and event id of every dead letter that is an event."""
    return {
        (queue, letter.event["event_id"])
        for queue in SUBSCRIPTIONS
        for letter in peeked(stage, queue)
        if letter.event is not None
    }


def _subscribed(event: str) -> list[str]:
    return [queue for queue, events in SUBSCRIPTIONS.items() if event in events]


def _finding(kind: str, row: Row, queue: str = "") -> Finding:
    return Finding(
        kind, row["event"]["S"], row["pk"]["S"], row["created_at"]["S"], queue, body=row["body"]["S"]
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.outbox",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["check", "repair"])
    parser.add_argument("--minutes", type=int, default=MINUTES, help="how old an event is before it is late")
    parser.add_argument("--confirm", type=int, metavar="N", help="send again, if that mends N findings")
    add_arguments(parser)
    given = parser.parse_args(arguments)
    stage = chosen(given)
    found = check(stage, given.minutes)
    for finding in found.findings:
        print(finding.line)
    print(
        f"{found.events} events of {stage.name}: {found.heard} heard by all who subscribed, {found.unproven} that "
        f"nobody subscribes to, {found.dead} in dead letters; {len(found.findings)} findings"
    )
    if given.command == "check":
        return 1 if found.findings else 0
    return _repair(stage, found, given.confirm)


def _repair(stage: Stage, found: Checked, confirmed: int | None) -> int:
    able = [finding for finding in found.findings if finding.kind != "missing"]
    left = len(found.findings) - len(able)
    if confirmed is None:
        print(f"{len(able)} could be sent again; --confirm {len(able)} does it")
    elif confirmed != len(able):
        print(f"nothing was sent: it is {len(able)}, not {confirmed}")
    else:
        mended = repair(stage, able)
        stage.audit("outbox.repair", tuple(dict.fromkeys(finding.event_id for finding in able)))
        print(f"{mended} sent again, {left} rows missing for good")
        return 1 if left else 0
    return 1 if found.findings else 0


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    try:
        sys.exit(main(sys.argv[1:]))
    except OUT_OF_REACH as failed:
        sys.exit(f"outbox: {failed}")
