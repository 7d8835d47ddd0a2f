"""Subscriptions name events that exist, topics are those of the events, and the ports are connected."""

import app  # noqa: F401  connects the ports
from entrepot.contracts.events import Event
from functions.catalogue import ports as catalogue_ports
from functions.inventory import ports as inventory_ports
from infra.estate import SUBSCRIPTIONS, TOPICS
from infra.event_schemas import events


def test_each_subscription_is_to_an_event_that_exists() -> None:
    known = {kind.NAME for kind in events()}
    assert set() == {name for names in SUBSCRIPTIONS.values() for name in names} - known


def test_each_event_goes_to_a_topic_of_its_own_context() -> None:
    assert set(TOPICS) == {kind.NAME.partition(".")[0] for kind in events()}
    assert all(issubclass(kind, Event) for kind in events())


def test_the_ports_between_the_leaves_are_connected() -> None:
    assert callable(catalogue_ports.shelves().close_writes)
    assert callable(inventory_ports.owners().owned_by)
