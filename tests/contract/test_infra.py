"""The estate against the code: what the functions use is there, and nothing else is allowed them."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pynamodb.indexes import Index

from app import TRIGGERS
from entrepot.cloud.events import Trigger
from entrepot.cloud.rows import Row
from entrepot.cloud.workers import Worker
from functions.logistics.domain.declaration import KEPT
from functions.settlement.domain.statement_paper import KEPT as STATEMENTS_KEPT
from infra import estate
from infra.artefact import SERVICES
from infra.estate import FUNCTIONS, QUEUES, SUBSCRIPTIONS, TABLES, TOPICS, Function

ROOT = Path(__file__).resolve().parents[2]
UNSCOPED = (
    {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
    {"sns:Publish"},
)
"""Actions for which IAM knows no resource: of X-Ray, and text messages, which go to a number and no topic (service
authorization reference)."""

_TABLES_BEHIND = """
import importlib, json, sys
from entrepot.cloud.rows import Row
from entrepot.cloud.workers import Worker
module = importlib.import_module(sys.argv[1])
def rows(kind):
    for below in kind.__subclasses__():
        yield below
        yield from rows(below)
names = {row.Meta.table_name.rpartition("-")[2] for row in rows(Row) if hasattr(row, "Meta")}
print(json.dumps(sorted(names)))
"""


def triggers() -> dict[str, Trigger | Worker]:
    return {trigger.name: trigger for context in TRIGGERS for trigger in context.all}


@cache
def policy(function: Function) -> list[Mapping[str, Any]]:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    name = config["lambda_functions"][function.handler]["iam_policy_file"]
    document = json.loads((ROOT / ".chalice" / name).read_text(encoding="utf-8"))
    statements: list[Mapping[str, Any]] = document["Statement"]
    return statements


def models() -> Iterator[type[Row]]:
    waiting: list[type[Row]] = [Row]
    while waiting:
        kind = waiting.pop()
        below = kind.__subclasses__()
        waiting += below
        if not below:
            yield kind


def test_every_registered_trigger_is_described_and_no_other():
    assert {function.handler for function in FUNCTIONS if function.source != "api"} == set(triggers())


def test_each_function_reads_the_queue_it_is_described_with():
    described = {function.handler: function.source for function in FUNCTIONS if function.source in QUEUES}

    registered = {name: trigger.source for name, trigger in triggers().items() if trigger.source in QUEUES}

    assert described == registered


def test_queues_receive_exactly_the_events_their_consumers_handle():
    handled = {
        trigger.source: {event.NAME for event in trigger.handlers}
        for trigger in triggers().values()
        if trigger.handlers
    }

    assert handled == {queue: set(events) for queue, events in SUBSCRIPTIONS.items()}


def test_every_subscribed_event_comes_from_a_topic_that_exists():
    assert {event.partition(".")[0] for events in SUBSCRIPTIONS.values() for event in events} <= set(TOPICS)


def test_tables_and_models_name_each_other():
    assert {table.name for table in TABLES} == {
        model.Meta.table_name.rpartition("-")[2] for model in models()
    }


@pytest.mark.parametrize("model", list(models()), ids=lambda model: model.__name__)
def test_a_models_keys_and_indexes_are_those_of_its_table(model):
    table = next(table for table in TABLES if model.Meta.table_name.endswith(f"-{table.name}"))
    indexes = [found for found in vars(model).values() if isinstance(found, Index)]

    assert ("pk", "sk") == (model._hash_keyname, model._range_keyname)
    for index in indexes:
        keys = index.Meta.attributes
        hash_key = next(name for name, attribute in keys.items() if attribute.is_hash_key)
        range_key = next(name for name, attribute in keys.items() if attribute.is_range_key)
        assert table.index == (index.Meta.index_name, hash_key, range_key)


def test_each_function_has_a_policy_of_its_own_and_no_policy_is_left_over():
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))

    files = [entry["iam_policy_file"] for entry in config["lambda_functions"].values()]

    assert {function.handler for function in FUNCTIONS} == set(config["lambda_functions"])
    assert sorted(files) == sorted(path.name for path in (ROOT / ".chalice").glob("policy-*.json"))
    assert config["autogen_policy"] is False


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.handler)
def test_a_policy_names_its_actions_and_resources(function):
    for statement in policy(function):
        resources = {json.dumps(resource) for resource in statement["Resource"]}
        assert not [action for action in statement["Action"] if "*" in action]
        if statement["Sid"] == "Logs":  # Lambda chooses the names of the streams in a group
            assert all(f"-{function.name}:log-stream:*" in resource for resource in resources)
        elif statement["Sid"] == "Papers":  # an object's key is made with it
            assert {'{"Fn::Sub": "${PapersBucket.Arn}/papers/*"}'} == resources
        elif statement["Sid"] == "PayoutFiles":  # likewise
            assert {'{"Fn::Sub": "${PayoutsBucket.Arn}/files/*"}'} == resources
        elif statement["Sid"] == "StatementPapers":  # likewise
            assert {'{"Fn::Sub": "${PayoutsBucket.Arn}/statements/*"}'} == resources
        elif statement["Sid"] == "Objects":  # an object's key is made with it
            assert {'{"Fn::Sub": "${ExportsBucket.Arn}/*"}'} == resources
        elif '"*"' in resources:
            assert set(statement["Action"]) in UNSCOPED
            assert ["*"] == statement["Resource"]
            assert function.handler == "membership_events" or "sns:Publish" not in statement["Action"]
        else:
            assert not [resource for resource in resources if "*" in resource]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.handler)
def test_a_policy_reaches_no_table_that_its_function_cannot_name(function):
    module = "app" if function.source == "api" else _module_of(function.handler)
    done = subprocess.run(
        [sys.executable, "-c", _TABLES_BEHIND, module], capture_output=True, text=True, check=True
    )

    allowed = set(re.findall(r'"([A-Z][a-z]+)Table", "Arn"', json.dumps(policy(function))))

    assert {name.lower() for name in allowed} <= set(json.loads(done.stdout))


def _module_of(handler: str) -> str:
    modules = (
        context.blueprint._import_name for context in TRIGGERS for one in context.all if one.name == handler
    )
    return str(next(modules))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.handler)
def test_no_function_may_change_or_remove_what_the_ledger_holds(function):
    allowed = {
        action
        for statement in policy(function)
        if "LedgerTable" in json.dumps(statement["Resource"])
        for action in statement["Action"]
    }

    changing = {
        "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLUpdate",
        "dynamodb:PartiQLDelete", "dynamodb:DeleteTable", "dynamodb:UpdateTable",
    }  # fmt: skip
    assert set() == allowed & changing


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.handler)
def test_only_a_consumer_takes_from_its_queue(function):
    taken = [
        resource["Fn::GetAtt"][0]
        for statement in policy(function)
        if "sqs:ReceiveMessage" in statement["Action"]
        for resource in statement["Resource"]
    ]

    assert ([f"{function.logical_id}Queue"] if function.source in QUEUES else []) == taken


def test_every_service_asked_for_is_packaged():
    asked = set()
    for folder in ("functions", "layers"):
        for source in (ROOT / folder).rglob("*.py"):
            asked |= set(re.findall(r'client\("(\w+)"\)', source.read_text(encoding="utf-8")))

    assert asked <= SERVICES


def test_every_queue_gives_up_into_dead_letters_that_ring():
    resources = estate.merge_template(ROOT)["Resources"]

    for queue in QUEUES:
        name = "".join(part.capitalize() for part in queue.split("-"))
        redrive = resources[f"{name}Queue"]["Properties"]["RedrivePolicy"]
        alarm = resources[f"{name}DeadLettersAlarm"]["Properties"]
        assert {"Fn::GetAtt": [f"{name}DeadLetters", "Arn"]} == redrive["deadLetterTargetArn"]
        assert [{"Ref": "AlarmsTopic"}] == alarm["AlarmActions"]


def test_every_table_is_encrypted_recoverable_and_on_demand():
    resources = estate.merge_template(ROOT)["Resources"]

    for table in TABLES:
        properties = resources[f"{table.name.capitalize()}Table"]["Properties"]
        assert "PAY_PER_REQUEST" == properties["BillingMode"]
        assert {"Ref": "DataKey"} == properties["SSESpecification"]["KMSMasterKeyId"]
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert "expires_at" == properties["TimeToLiveSpecification"]["AttributeName"]


def test_the_gateways_own_answers_are_problems():
    raw = yaml.safe_load((ROOT / "infra" / "resources.yaml").read_text(encoding="utf-8"))
    answers = raw["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]

    assert 404 == answers["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    for answer in answers.values():
        rendered = json.loads(answer["ResponseTemplates"]["application/json"])
        assert "'application/problem+json'" == answer["ResponseParameters"]["Headers"]["Content-Type"]
        assert {"type", "title", "status", "code", "detail", "correlation_id"} == set(rendered)
        assert answer["StatusCode"] == rendered["status"]


def test_no_template_holds_a_secret():
    secret = estate.merge_template(ROOT)["Resources"]["AppSecret"]["Properties"]

    assert not {"SecretString", "GenerateSecretString"} & set(secret)


@pytest.mark.parametrize(("name", "kept"), [("PapersBucket", KEPT), ("PayoutsBucket", STATEMENTS_KEPT)])
def test_the_bucket_of_papers_is_private_sealed_and_forgets(name, kept):
    bucket = estate.merge_template(ROOT)["Resources"][name]["Properties"]

    assert {True} == set(bucket["PublicAccessBlockConfiguration"].values())
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert "aws:kms" == encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
    assert timedelta(days=bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"]) > kept
    assert "VersioningConfiguration" not in bucket


def test_each_layer_is_given_to_who_needs_it_alone_and_has_its_requirements():
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))["lambda_functions"]
    given = {name: entry["layers"] for name, entry in config.items() if "layers" in entry}

    assert {
        "customs_search": [{"Ref": "SharedLayer"}, {"Ref": "SearchLayer"}],
        "orders_papers": [{"Ref": "SharedLayer"}, {"Ref": "PapersLayer"}],
        "settlement_papers": [{"Ref": "SharedLayer"}, {"Ref": "PapersLayer"}],
    } == given
    assert all((ROOT / "layers" / layer / "requirements.txt").exists() for layer in estate.LAYERS)


def test_the_bucket_of_exports_is_private_sealed_and_forgets_within_a_day():
    bucket = estate.merge_template(ROOT)["Resources"]["ExportsBucket"]["Properties"]

    assert {True} == set(bucket["PublicAccessBlockConfiguration"].values())
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert "aws:kms" == encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
    assert 1 == bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"]
    assert "VersioningConfiguration" not in bucket
