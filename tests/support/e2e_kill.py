"""Processes that die: at chosen points, between what they have done and what they were about to say or record."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any, Final, TypeVar

import pytest

from entrepot.cloud import dynamo, outbox
from functions.payments.stripe_gateway import StripeGateway
from tests.support.pump import subscribers

T = TypeVar("T")

_WRITES: Final = ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem")
_PROVIDER_ACTS: Final = ("create", "capture", "cancel", "refund")
POINTS: Final = (
    "api committed",  # the order stands, nobody was told
    "api answered",  # the answer was on its way, the connection was cut
    "consumer committed",  # the effect stands, the message was not acknowledged
    "clock committed",  # a schedule died between two things it had to do
    "relay committed",  # an event was marked as sent, those after it were not published
    "provider acted",  # the provider has done it, nothing of ours says so
    "published",  # the event is out, the outbox says that it is not
)


class Killed(BaseException):
    """This process died here. No handler of the platform may survive it, so it is no Exception."""


class Reaper:
    """Counts how often each point is passed, and kills at the chosen ones. Counting goes on after a death.

    Args: plan: for each point, at which of its passings (from 0) to kill.
    """

    def __init__(self, plan: Mapping[str, Collection[int]] | None = None) -> None:
        self.plan = dict(plan or {})
        self.passed: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()
        self._who = ""

    def at(self, point: str) -> None:
        """Raises: Killed."""
        number = self.passed[point]
        self.passed[point] += 1
        if number in self.plan.get(point, ()):
            self.killed[point] += 1
            raise Killed(point)

    def outlived(self, who: str, act: Callable[[], T]) -> T:
        """What `act` gives once it gets through; after each death somebody does it again from the start.

        Args: who: "api", "consumer", "clock" or "relay".
        """
        while True:
            self._who = who
            try:
                result = act()
                if who == "api":
                    self.at("api answered")
                return result
            except Killed:
                continue
            finally:
                self._who = ""

    def committed(self) -> None:
        if self._who:
            self.at(f"{self._who} committed")


def drawn(seed: int, passed: Mapping[str, int], strikes: int) -> dict[str, set[int]]:
    """A plan: so many deaths at each point, drawn from how often an unkilled run passed it."""
    chance = Random(seed)
    return {
        point: set(chance.sample(range(passed[point]), min(strikes, passed[point])))
        for point in POINTS
        if passed.get(point)
    }


@contextmanager
def reaping(reaper: Reaper, queues: dict[str, list[str]]) -> Iterator[None]:
    """Put the points into the platform of this process; what it publishes goes into `queues`."""
    real_call = dynamo.call

    def call(operation: str, **arguments: Any) -> dict[str, Any]:
        answer = real_call(operation, **arguments)
        if operation in _WRITES:
            reaper.committed()
        return answer

    def publish(topic_arn: str, event: str, body: str) -> None:
        for queue in subscribers(event):
            queues[queue].append(body)
        reaper.at("published")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamo, "call", call)
        patch.setattr(outbox, "publish", publish)
        for act in _PROVIDER_ACTS:
            patch.setattr(StripeGateway, act, _acting(getattr(StripeGateway, act), reaper))
        yield


def _acting(real: Callable[..., Any], reaper: Reaper) -> Callable[..., Any]:
    def acted(*arguments: Any) -> Any:
        answer = real(*arguments)
        reaper.at("provider acted")
        return answer

    return acted
