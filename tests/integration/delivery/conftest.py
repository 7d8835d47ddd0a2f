"""A small stage on the stand-in for AWS, each test in an account of its own: a table, a queue and an alarm.

moto would do for change sets, and makes neither alarms nor outputs from them.
"""

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.loaders import Loader

from infra.delivery.edition import Edition
from infra.delivery.plan import Wish
from infra.delivery.service import Delivery
from infra.delivery.tree import Origin
from infra.local.processes import free_ports
from infra.local.stack import ministack
from tests.support.answering import Answering

REGION = "eu-central-1"
_MODELS = Loader()  # reading the services' models takes longer than a test
_ACCOUNTS = itertools.count(1)
ORIGIN = Origin("c0ffee" * 6 + "c0ff", tested=True)


@dataclass
class Aws:
    """`account`: twelve digits, which the stand-in takes from the access key."""

    endpoint: str
    account: str
    calls: list[tuple[str, str]] = field(default_factory=list)
    clients: dict[str, Any] = field(default_factory=dict, repr=False)
    region: str = REGION

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self._made(service)
        return self.clients[service]

    def _made(self, service: str) -> Any:
        session = botocore.session.get_session()
        session.register_component("data_loader", _MODELS)
        session.set_credentials(self.account, "test")
        client = session.create_client(service, region_name=REGION, endpoint_url=self.endpoint)
        client.meta.events.register("before-call.*", self._heard)
        return client

    def _heard(self, model: Any, **_: Any) -> None:
        self.calls.append((model.service_model.service_name, model.name))


def template(**resources: Mapping[str, Any]) -> dict[str, Any]:
    """What every edition has, with more or other resources."""
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    return {
        "Parameters": {
            "Stage": {"Type": "String"},
            "Release": {"Type": "String", "Default": "none"},
            "Days": {"Type": "Number", "Default": 14},
        },
        "Outputs": {"Release": {"Value": {"Ref": "Release"}}},
        "Resources": {
            "OrdersTable": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "TableName": {"Fn::Sub": "entrepot-${Stage}-orders"},
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "KeySchema": keys,
                },
            },
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmName": {"Fn::Sub": "entrepot-${Stage}-release"},
                    "Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Statistic": "Sum", "Period": 300,
                    "EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold",
                },
            },
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "entrepot-${Stage}-q"}}},
            **resources,
        },
    }  # fmt: skip


@dataclass
class Stage:
    """A person at work: what they say they want, and what is said to them."""

    aws: Aws
    folder: Path
    answering: Answering
    said: list[str] = field(default_factory=list)
    agrees: bool = True

    def delivery(self, **wish: Any) -> Delivery:
        wanted = Wish("dev", agreed=lambda _: self.agrees, address=lambda _: self.answering.address)
        return Delivery(self.aws, replace(wanted, **wish), self.said.append, lambda: time.sleep(0.02))

    def edition(self, name: str, *, epoch: int = 1, **resources: Any) -> Edition:
        archive = self.folder / f"{name}.zip"
        archive.write_bytes(name.encode())
        return Edition(name, f"build-{name}", epoch, {f"code/{name}.zip": archive}, template(**resources))

    def deploy(self, edition: Edition, **wish: Any) -> str:
        """Deploy; from then on the stage answers as what was deployed."""
        before = self.answering.build
        self.answering.build = edition.build
        try:
            return self.delivery(**wish).deploy(edition, ORIGIN)
        except Exception:
            self.answering.build = before
            raise

    def calls(self, service: str) -> list[str]:
        return [name for called, name in self.aws.calls if called == service]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    [port] = free_ports(1)
    with ministack(tmp_path_factory.mktemp("aws"), port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def stage(endpoint: str, tmp_path: Path) -> Iterator[Stage]:
    with Answering.serving() as answering:
        yield Stage(Aws(endpoint, f"1{next(_ACCOUNTS):011}"), tmp_path, answering)
