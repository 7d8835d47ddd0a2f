"""A message that cannot be taken fails alone: by whatever consumer, beside one that can."""

import json
from typing import Any

import pytest

from entrepot.cloud import events
from infra.estate import QUEUES
from tests.integration.faults.poison import poisons
from tests.support.pump import deliver_batch

QUEUES_OF_ALL = sorted(QUEUES)


@pytest.mark.parametrize("queue", QUEUES_OF_ALL)
def test_what_nobody_can_take_fails_and_is_named_to_its_queue(aws: None, queue: str) -> None:
    bodies = poisons(queue)

    assert list(range(len(bodies))) == deliver_batch(queue, bodies)


@pytest.mark.parametrize("version", [0, 2, 99])
def test_an_event_of_an_unknown_version_is_not_read_as_the_known_one(
    aws: None, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    taken: list[Any] = []
    monkeypatch.setattr(events, "once", lambda *given: taken.append(given))
    body = json.loads(poisons("catalogue-events")[1])

    assert [0] == deliver_batch("catalogue-events", [json.dumps({**body, "version": version})])
    assert [] == taken
