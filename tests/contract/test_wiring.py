"""Subscriptions name events that exist, topics are those of the events, and the ports are connected."""

import json
import os
import subprocess
import sys

import app
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


def test_each_path_is_served_by_the_module_that_declares_it() -> None:
    declared = {(route.path, one.blueprint._import_name) for one in app.APIS for route in one.routes}

    assert declared == {(path, app.server(path)) for path, _ in declared}


def test_no_beginning_of_a_path_is_named_in_vain() -> None:
    longest_first = sorted(app.SERVES, key=len, reverse=True)
    paths = [route.path for one in app.APIS for route in one.routes]

    used = {
        next(each for each in longest_first if f"{path}/".startswith(f"{each.rstrip('/')}/"))
        for path in paths
    }
    assert set(app.SERVES) == used


_COLD = """
import json, sys
import app
from infra.checks import proxy_event
from entrepot.cloud import dynamo
dynamo.call = lambda operation, **_: {"Items": []}
answer = app.app(proxy_event("GET", "/v1/products"), None)
assert answer["statusCode"] == 200, answer
print(json.dumps(sorted(sys.modules)))
"""


def test_a_cold_function_imports_what_it_answers_with_and_no_more() -> None:
    environment = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "entrepot-test-api"}
    cold = subprocess.run(
        [sys.executable, "-c", _COLD], env=environment, check=True, capture_output=True, text=True
    )

    imported = set(json.loads(cold.stdout.splitlines()[-1]))
    contexts = {name.split(".")[1] for name in imported if name.startswith("functions.")}
    assert {"catalogue", "inventory"} == contexts
    assert set() == {"botocore.client", "botocore.session", "stripe", "joserfc", "cryptography"} & imported
    assert "functions.inventory.store" not in imported
