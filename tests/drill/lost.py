"""A stage is lost, and another goes on in its place: every step of the runbook, and what has to be true after it."""

import json
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from infra import audit, letters, outbox
from infra.backup import checking, making, standing
from infra.backup.archive import BadArchive
from infra.backup.making import Say
from infra.backup.restoring import restore
from infra.backup.rows import scanned
from infra.estate import SUBSCRIPTIONS
from infra.local import stack
from infra.local.processes import free_ports
from infra.local.stack import Running
from infra.stage import Stage
from tests.drill import day
from tests.drill.day import Left
from tests.support.e2e_market import Market, intent_of, until

FIRST: Final = "first"
SECOND: Final = "second"
STAGE: Final = "test"
"""Of both stacks, which are in two accounts: what prices, fees and terms hold goes by a stage's name."""
_HOUR: Final = 3600


class Failed(Exception):
    """What is not as it has to be; the message is one line."""


def drill(folder: Path, orders: int, say: Say) -> None:
    """Raises: Failed, BadArchive, AssertionError, Hindrance."""
    archive = folder / "first.tar"
    with stack.running(STAGE, folder=folder / FIRST, say=say) as up:
        left = day.traded(up, orders, say)
        stage = day.of(up)
        day.stopped(stage, say)
        secret = stage.secret()  # what an operator keeps elsewhere
        horizon = int(time.time()) + _HOUR
        there = checking.of_stage(stage, horizon)
        _back_up(stage, archive, say)
        stage.close()
    _altered_is_refused(archive, say)
    keys, aws = _only_keys_survive(folder / FIRST, say)
    with ExitStack() as held:
        held.enter_context(aws)
        shutil.copy(folder / FIRST / "accounts.json", _made(folder / SECOND) / "accounts.json")
        up = held.enter_context(
            stack.running(STAGE, folder=folder / SECOND, seed=False, providers=folder / FIRST, say=say)
        )
        stage = day.of(up)
        standing.stop(stage, say)
        stage.put_secret(secret)
        _restored(archive, stage, keys, say)
        here = checking.of_stage(stage, horizon)
        _compared(there, here)
        standing.start(stage, say)
        _goes_on(up, stage, left, say)


def _back_up(stage: Stage, archive: Path, say: Say) -> None:
    began = time.monotonic()
    made = making.make(stage, archive, say)
    seconds, rows = time.monotonic() - began, sum(each.count for each in made.tables.values())
    if made.moved:
        raise Failed(f"the archive is no moment: {', '.join(made.moved)} moved")
    size = archive.stat().st_size / 1e6
    say(f"backup: {rows:,} rows, {size:.2f} MB, {seconds:.1f} s, {rows / seconds:,.0f} rows/s")


def _altered_is_refused(archive: Path, say: Say) -> None:
    from infra.backup.archive import verified

    raw = bytearray(archive.read_bytes())
    place = len(raw) // 3
    raw[place] ^= 1
    altered = archive.with_suffix(".altered")
    altered.write_bytes(raw)
    try:
        verified(altered)
    except BadArchive as refused:
        say(f"one byte altered, number {place:,} of {len(raw):,}: refused ({refused})")
        return
    finally:
        altered.unlink()
    raise Failed("an archive with one altered byte was taken for whole")


def _only_keys_survive(folder: Path, say: Say) -> tuple[Stage, Any]:
    """All that is left of the first stack: its keys in KMS, which outlive a stack, and its payment providers."""
    state = folder / "state"
    gone = [path for path in state.iterdir() if path.name not in ("kms.json", "stripe.json", "btcpay.json")]
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(folder / "objects", ignore_errors=True)
    (port,) = free_ports(1)
    say(f"the first stack is lost: {len(gone)} parts of its state are deleted; its keys in KMS are left")
    return Stage(STAGE, f"http://127.0.0.1:{port}"), stack.ministack(folder, port)


def _restored(archive: Path, stage: Stage, keys: Stage, say: Say) -> None:
    began = time.monotonic()
    done = restore(archive, stage, keys, say)
    seconds, rows = time.monotonic() - began, sum(each.count for each in done.manifest.tables.values())
    say(
        f"restore: {rows:,} rows, {done.resealed:,} texts sealed anew, {seconds:.1f} s, {rows / seconds:,.0f} rows/s"
    )
    if not restore(archive, stage, keys, say).before:
        raise Failed("a second restore did something")


def _compared(there: checking.Sum, here: checking.Sum) -> None:
    print(f"\n  {'':<32} {'first':>8} {'second':>8}")
    for name in sorted(there.tallies.keys() | here.tallies.keys()):
        counts = [sums.tallies[name].count if name in sums.tallies else 0 for sums in (there, here)]
        print(f"  {name:<32} {counts[0]:>8,} {counts[1]:>8,}")
    print(f"\n  first   {there.checksum}\n  second  {here.checksum}\n", flush=True)
    found = checking.differences(there, here)
    if found or there.checksum != here.checksum:
        raise Failed(f"the second stack is not the first: {'; '.join(found)}")
    needed = ("orders", "payments", "ledger", "membership", "inventory", "outbox", "audit")
    empty = [name for name in needed if not here.tallies[f"tables/{name}"].count]
    if empty:
        raise Failed(f"nothing was compared of {', '.join(empty)}")


def _goes_on(up: Running, stage: Stage, left: Left, say: Say) -> None:
    """Nothing that was under way is lost or done twice, and business goes on."""
    market = Market(up)
    until("the unsent event is published", lambda: "sent_at" in day.event_of(stage, left.waiting), 180)
    market.wait_quiet()
    _gap_is_closed(stage, left, say)
    market.wait_quiet()
    _old_order_is_paid(market, left, say)
    new = market.placed(left.sku)
    market.control(f"payment_intents/{intent_of(new)}/pay")
    until("a new order is paid", lambda: market.order(new)["status"] == "paid")
    market.wait_quiet()
    market.balances()
    say("a new order was placed and paid; the trial balance balances")
    _nothing_twice(stage, left, say)
    _audited(stage, say)
    if (left_over := outbox.check(stage, minutes=0).findings) != []:
        raise Failed(f"events were lost: {left_over[0].line}")
    say("every event was published, and heard by all who subscribed")
    market.close()


def _gap_is_closed(stage: Stage, left: Left, say: Say) -> None:
    """The event that lay in a queue of the first stack is found, and sent to who has not heard it."""
    found = outbox.check(stage, minutes=0).findings
    about = [(each.kind, each.queue, left.unheard["id"] in each.body) for each in found]
    if about != [("unheard", "inventory-events", True)]:
        raise Failed(f"expected the one event that lay in a queue, found {[each.line for each in found]}")
    outbox.repair(stage, found)
    say(f"found and sent again: {found[0].line}")


def _old_order_is_paid(market: Market, left: Left, say: Say) -> None:
    """An order that was placed on the first stack, at the provider who knows it, is paid on the second."""
    token = {"Order-Token": left.waiting["order_token"]}
    if (
        "awaiting_payment"
        != market.done(200, "GET", f"/v1/orders/{left.waiting['id']}", headers=token)["status"]
    ):
        raise Failed("the order that waited for its payment does not wait any more")
    market.control(f"payment_intents/{intent_of(left.waiting)}/pay")
    until("the old order is paid", lambda: market.order(left.waiting)["status"] == "paid")
    market.wait_quiet()
    posted = market.entries_of(intent_of(left.waiting))
    if len(posted) != 1:
        raise Failed(f"the old order's payment was posted {len(posted)} times")
    say("an order of the first stack was paid on the second, and posted once")


def _nothing_twice(stage: Stage, left: Left, say: Say) -> None:
    """No consumer was told what it had heard on the first stack; the dead letter is where it was."""
    repeated: Counter[str] = Counter()
    unsent, logs = day.event_of(stage, left.waiting)["pk"]["S"], stage.client("logs")
    for queue in SUBSCRIPTIONS:
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{stage.called(queue)}", filterPattern='"event_repeated"'
        ):
            lines = [event["message"] for event in page["events"] if '"event_repeated"' in event["message"]]
            told = [json.loads(line) for line in lines]
            # The one that was unsent may be published by both relay and sweep; the others by nobody.
            repeated.update(each["published"] for each in told if each["event_id"] != unsent)
    if repeated:
        raise Failed(f"events were published again: {dict(repeated)}")
    bodies = [letter.body for letter in letters.peeked(stage, "settlement-events")]
    if bodies != [day.LETTER]:
        raise Failed(f"the dead letter of the first stack is not the one of the second: {len(bodies)} there")
    say("no event was published again, and the dead letter is still one")


def _audited(stage: Stage, say: Say) -> None:
    items = [
        {name: next(iter(value.values())) for name, value in row.items()} for row in scanned(stage, "audit")
    ]
    count, faults = audit.faults(stage.secret()["audit_key"].encode(), items)
    if faults or not count:
        raise Failed(f"the audit log has {count} entries and {len(faults)} faults")
    say(f"the audit log verifies: {count} entries")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
