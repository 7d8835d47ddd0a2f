"""What the template subscribes is what the consumers handle, and what is published is declared."""

import app
from entrepot.contracts.events import Event
from functions.catalogue import ports as catalogue_ports
from functions.inventory import ports as inventory_ports
from infra.estate import FUNCTIONS, QUEUES, SUBSCRIPTIONS, TOPICS
from infra.event_schemas import events

TRIGGERS = [trigger for triggers in app.TRIGGERS for trigger in triggers.all]


def test_each_consumer_is_subscribed_to_exactly_what_it_handles() -> None:
    handled = {
        trigger.source: {kind.NAME for kind in trigger.handlers} for trigger in TRIGGERS if trigger.handlers
    }
    assert handled == {queue: set(names) for queue, names in SUBSCRIPTIONS.items()}


def test_each_subscription_is_to_an_event_that_exists() -> None:
    known = {kind.NAME for kind in events()}
    assert set() == {name for names in SUBSCRIPTIONS.values() for name in names} - known


def test_each_event_goes_to_a_topic_of_its_own_context() -> None:
    assert set(TOPICS) == {kind.NAME.partition(".")[0] for kind in events()}
    assert all(issubclass(kind, Event) for kind in events())


def test_each_queue_has_its_function_and_each_function_its_trigger() -> None:
    assert {trigger.name for trigger in TRIGGERS} | {"api_handler"} == {each.handler for each in FUNCTIONS}
    read = {trigger.source for trigger in TRIGGERS if trigger.source.replace("-", "_") == trigger.name}
    assert set(QUEUES) == read


def test_the_ports_between_the_leaves_are_connected() -> None:
    assert callable(catalogue_ports.shelves().close_writes)
    assert callable(inventory_ports.owners().owned_by)
