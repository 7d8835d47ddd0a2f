"""Everybody who calls the platform, and how each calls again: clients, queues, the table's stream and the clock.

A client repeats what was not answered, under the same key. A queue hands a message out again, five times in all, and
then it lies with the dead letters. The stream brings a batch again from the record that failed. The clock comes again.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

from infra.estate import QUEUES, RECEIVES, TIMEOUT_SECONDS
from tests.integration.faults.poison import poisons
from tests.integration.faults.stage import Stage
from tests.support.e2e_kill import Reaper
from tests.support.http import Answer, call
from tests.support.provider import webhook
from tests.support.pump import Context, deliver_batch

T = TypeVar("T")

FED_BY_THE_API: Final = ("payments-webhooks", "logistics-scans", "settlement-runs")
DONE: Final = (200, 201, 202, 204)
_AGAIN: Final = (429, 500, 503)
_MOST_ASKED: Final = 30
_MOST_TICKS: Final = 30
_STREAM_TRIES: Final = 4
_MOST_ROUNDS: Final = 60
_BATCH: Final = 10
_IN_TURN: Final = 0.6
_MOST_SKEW_MINUTES: Final = 4
_AGAIN_AFTER: Final = timedelta(seconds=5)
_LATER: Final = timedelta(minutes=2)
_HIDDEN_FOR: Final = timedelta(seconds=6 * TIMEOUT_SECONDS)
_TICKS: Final = (timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8))
"""When schedules come again after all was said: soon enough that nothing expires of what waits for its payment."""


@dataclass(frozen=True, slots=True)
class Course:
    """How messages come. `times`: how often each; `disorder`: in any order, some of them late; `poison`: with some
    among them that nobody can take; `skew`: clocks are wrong by minutes, everybody's differently; `waits`: time goes by
    before a client asks again and a queue hands out again, as where somebody is left alone for a while who is down.
    """

    times: int = 1
    disorder: bool = False
    poison: bool = False
    skew: bool = False
    waits: bool = False


@dataclass
class Callers:
    """`wrong`: what must not happen on the way. `struck`: how often the course was another than the usual one."""

    stage: Stage
    reaper: Reaper
    course: Course = field(default_factory=Course)
    seed: str = ""
    queues: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    struck: int = 0
    messages: int = 0
    again: Counter[str] = field(default_factory=Counter)
    dead: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = Random(f"{self.seed}#course")
        self._receives: Counter[str] = Counter()
        self._streamed: set[str] = set()
        self._poisoned: dict[str, list[str]] = {}

    # Clients

    def asked(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "",
        headers: dict[str, str] | None = None,
        done_before: tuple[str, ...] = (),
        **more: Any,
    ) -> Answer:
        """The answer that a client gets at last.

        Args: done_before: codes that say that an earlier attempt, which was not answered, has done it.
        """
        sent = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        deaths = self.reaper.killed.total()
        for attempt in range(_MOST_ASKED):
            answer = self._unit("api", lambda: call(method, path, body, headers=sent, **more))
            if answer.status == 500:
                self.wrong.append(f"{method} {path} is answered 500")
            if answer.status not in _AGAIN and answer.code != "in_progress":
                repeated = attempt > 0 or self.reaper.killed.total() > deaths
                if answer.status not in DONE and not (repeated and answer.code in done_before):
                    self.wrong.append(f"{method} {path} is answered {answer.status} {answer.code}")
                return answer
            self.again[f"{method} {answer.status}"] += 1
            self._wait(_AGAIN_AFTER)
        self.wrong.append(f"{method} {path} is never answered, at last {answer.status} {answer.code}")
        return answer

    # The clock

    def scheduled(self, name: str, **later: float) -> None:
        """A schedule, so much later; one that fails comes again."""
        with self.stage.bazaar.clock.at(**later):
            for _ in range(_MOST_TICKS):
                try:
                    self._unit("clock", partial(_tick, name))
                except Exception as error:  # noqa: BLE001  Lambda tells its alarm, and the clock comes again
                    self.again[f"{name} {type(error).__name__}"] += 1
                    continue
                return
        self.wrong.append(f"{name} never gets through")

    def calm(self) -> None:
        """Nothing strikes any more; what was left is found by the next schedules."""
        self.stage.calm()
        self.settle()
        for later in _TICKS:
            for name in ("outbox_sweep", "payments_sweep", "orders_due"):
                self.scheduled(name, seconds=later.total_seconds())
            self.settle()

    # Queues and the stream

    def settle(self) -> None:
        """Webhooks, events and messages, until nobody has anything left to say."""
        for _ in range(_MOST_ROUNDS):
            busy = self._told() | self._streamed_on()
            for queue in QUEUES if self.stage.proxy else FED_BY_THE_API:
                self._take_in(queue, self.stage.received(queue))
            busy |= any(self.queues.values())
            for queue in sorted(name for name, held in self.queues.items() if held):
                if not self._put_off():
                    self._consumed(queue)
            if not busy:
                return
        self.wrong.append(f"the messages never end: {[name for name, held in self.queues.items() if held]}")

    def publish(self, queue: str, body: str) -> None:
        """What a topic hands on, in this process."""
        self._take_in(queue, [body])

    def _take_in(self, queue: str, bodies: list[str]) -> None:
        self.messages += len(bodies)
        for body in bodies:
            self.queues[queue] += [body] * self.course.times
            self.struck += self.course.times - 1

    def _told(self) -> bool:
        """What Stripe tells; it tells again until it is answered."""
        news = self.stage.stripe.new_events()
        for event in self._some_of(news):
            self._heard(event)
        return bool(news)

    def _heard(self, event: dict[str, Any]) -> None:
        """Signed by the time that it is for the platform, which may have been waited for."""
        stripe = self.stage.stripe
        for _ in range(_MOST_ASKED):
            ahead = round(self.stage.bazaar.clock.moved.total_seconds()) if self.course.waits else 0
            answer = self._unit("api", lambda ahead=ahead: webhook(event, age_seconds=-ahead))  # type: ignore[misc]
            if answer.status == 200:
                stripe._delivered.add(event["id"])
                return
            self.again["webhook"] += 1
        self.wrong.append(f"the webhook of {event['type']} is never answered")

    def _streamed_on(self) -> bool:
        """New rows of the outbox, as the stream brings them: a batch again from the record that failed."""
        unsent = (row for row in self.stage.tables.rows("outbox") if "unsent_shard" in row)
        rows = [row for row in unsent if row["pk"]["S"] not in self._streamed]
        rows.sort(key=lambda row: str(row["created_at"]["S"]))
        taken = self._some_of(rows)
        left = [_record(row) for row in taken]
        self._streamed.update(row["pk"]["S"] for row in taken)
        tries = 0
        while left and tries < _STREAM_TRIES:
            failed = self._unit("relay", partial(_relayed, left))
            numbers = [record["dynamodb"]["SequenceNumber"] for record in left]
            reached = numbers.index(failed) if failed else len(left)
            tries = tries + 1 if reached == 0 else 0
            left = left[reached:]
        return bool(rows)

    def _consumed(self, queue: str) -> None:
        """A batch of a queue's messages to their consumer."""
        bodies = self._batch(queue)
        mixed = [*bodies, *self._poison(queue)]
        self._chance.shuffle(mixed) if self.course.poison else None
        places = self._unit("consumer", partial(deliver_batch, queue, mixed))
        if places:
            self._wait(_HIDDEN_FOR)
        for body in [mixed[place] for place in places]:
            self._receives[body] += 1
            if self._receives[body] >= RECEIVES:
                self.dead.append((queue, body))
            else:
                self.again[f"{queue} message"] += 1
                self.queues[queue].append(body)

    def _batch(self, queue: str) -> list[str]:
        held = self.queues[queue]
        taken = self._some_of(held[:_BATCH])
        for body in taken:
            held.remove(body)
        return taken

    def _some_of(self, waiting: list[T]) -> list[T]:
        """What comes now of what waits: all, in its order; in disorder some, in any order, the rest later."""
        if not self.course.disorder or len(waiting) < 2:
            return list(waiting)
        some = self._chance.sample(waiting, self._chance.randint(1, len(waiting)))
        self.struck += some != waiting
        return some

    def _put_off(self) -> bool:
        """Whether a queue's turn comes later, so that what others bring meanwhile comes before; the first always."""
        if not self.course.disorder or (self.struck and self._chance.random() < _IN_TURN):
            return False
        self.struck += 1
        return True

    def _poison(self, queue: str) -> list[str]:
        if not self.course.poison or queue in self._poisoned:
            return []
        self._poisoned[queue] = poisons(queue)
        self.struck += len(self._poisoned[queue])
        return self._poisoned[queue]

    def letters(self) -> list[str]:
        """What is wrong with the dead letters: one that was good, or poison that is not among them."""
        poison = {(queue, body) for queue, bodies in self._poisoned.items() for body in bodies}
        found = set(self.dead)
        wrong = [f"{queue} has given up {body[:160]}" for queue, body in found - poison]
        return wrong + [f"{queue} has taken {body[:160]}" for queue, body in poison - found]

    # Whoever works

    def wait(self) -> None:
        """Somebody comes back later."""
        self._wait(_LATER)

    def _wait(self, span: timedelta) -> None:
        if self.course.waits:
            self.stage.bazaar.clock.moved += span

    def _unit(self, who: str, act: Callable[[], T]) -> T:
        """What somebody does at one go, with a clock of their own."""
        if self.course.skew:
            self.stage.skew = timedelta(
                minutes=self._chance.choice((-1, 1)) * self._chance.uniform(1, _MOST_SKEW_MINUTES)
            )
            self.struck += 1
        try:
            return self.reaper.outlived(who, act)
        finally:
            self.stage.skew = timedelta()


def _tick(name: str) -> None:
    import app

    names = ("version", "account", "region", "detail-type", "source", "time", "id", "resources")
    app.app.handler_map[name]({**dict.fromkeys(names, ""), "detail": {}}, None)


def _relayed(records: list[Any]) -> str:
    """Records to the relay. Returns: the number of the one that failed, empty where none did."""
    import app

    arn = f"arn:aws:lambda:eu-central-1:{os.environ['AWS_ACCESS_KEY_ID']}:function:outbox-relay"
    answer = app.app.handler_map["outbox_relay"]({"Records": records}, Context(arn))
    return "".join(failure["itemIdentifier"] for failure in answer["batchItemFailures"])


def _record(row: Any) -> dict[str, Any]:
    return {
        "eventName": "INSERT",
        "eventID": row["pk"]["S"],
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "eventSourceARN": "",
        "dynamodb": {"NewImage": row, "SequenceNumber": row["pk"]["S"], "Keys": {}},
    }
