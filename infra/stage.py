"""One stage as an operator's command reaches it: its clients, its names, and which of its parts there are.

The platform's own code knows one stage, that of its process; a command may have two before it, such as the one that a
backup was made of and the one that it is restored into.
"""

import argparse
import json
import os
from dataclasses import dataclass, field
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.estate import TABLES
from infra.package import REGION

BUCKETS: Final = ("papers", "payouts", "exports")
_LOCAL_PORT: Final = 8000
_CONFIG: Final = Config(
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=16,
    retries={"mode": "standard", "total_max_attempts": 8},
)

OUT_OF_REACH: Final = (ClientError, BotoCoreError)
"""What a command reports in one line instead of a traceback: AWS refuses, or does not answer."""


@dataclass
class Stage:
    """A stage's name, and where its AWS is. Args: endpoint: of a stand-in; None for AWS. profile: of AWS's settings."""

    name: str
    endpoint: str | None = None
    profile: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table by its short name. The outbox is the last: what stands in it makes others act."""
        names = [table.name for table in TABLES if table.name != "outbox"]
        return (*names, "outbox")

    def called(self, short: str) -> str:
        return f"entrepot-{self.name}-{short}"

    def client(self, service: str) -> Any:
        if service not in self._clients:
            session = botocore.session.Session(profile=self.profile)
            region = session.get_config_variable("region") or REGION
            if self.endpoint and not self.profile:
                session.set_credentials("test", "test")
            self._clients[service] = session.create_client(
                service, region_name=region, endpoint_url=self.endpoint, config=_CONFIG
            )
        return self._clients[service]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def bucket(self, short: str) -> str:
        """The bucket of that short name: `entrepot-<stage>-papers-<account>`, or without the account in tests.

        Raises: LookupError: there is none.
        """
        started = self.called(short)
        listed = [bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]]
        found = [name for name in listed if name == started or _is_account(name, started)]
        if len(found) != 1:
            raise LookupError(f"The stage {self.name} has {len(found)} buckets called {started}.")
        return str(found[0])

    def secret(self) -> dict[str, str]:
        """The values of the stage's secret."""
        answer = self.client("secretsmanager").get_secret_value(SecretId=self.called("app"))
        value: dict[str, str] = json.loads(answer["SecretString"])
        return value

    def put_secret(self, value: dict[str, str]) -> str:
        """Put the whole secret; the version before stays for a way back. Returns: the id of the new version."""
        text = json.dumps(value)
        answer = self.client("secretsmanager").put_secret_value(
            SecretId=self.called("app"), SecretString=text
        )
        return str(answer["VersionId"])

    def data_key(self) -> str:
        """The id of the KMS key under which this stage seals."""
        answer = self.client("kms").describe_key(KeyId=f"alias/{self.called('data')}")
        return str(answer["KeyMetadata"]["KeyId"])

    def audit(self, action: str, things: tuple[str, ...]) -> None:
        """Write into the stage's audit log what an operator has done by a command: who AWS says that they are, and to
        what. Raises: AssertionError: the platform of this process is another stage's.
        """
        from entrepot.cloud import audit, aws

        assert aws.STAGE == self.name, f"this process speaks for {aws.STAGE}"
        who = self.client("sts").get_caller_identity()["UserId"]
        audit.commit(action, f"aws:{who}", role="operator", named=things)

    def queue_url(self, short: str) -> str:
        return str(self.client("sqs").get_queue_url(QueueName=self.called(short))["QueueUrl"])


def add_arguments(parser: argparse.ArgumentParser, prefix: str = "") -> None:
    """`--stage`, `--endpoint`, `--profile` and `--local`; with a prefix `--from-stage` and so on."""
    dashed = f"--{prefix}-" if prefix else "--"
    stage = None if prefix else os.environ.get("STAGE") or os.environ.get("ENTREPOT_STAGE", "local")
    parser.add_argument(f"{dashed}stage", default=stage, help="the second part of every name, such as prod")
    parser.add_argument(f"{dashed}endpoint", help="address of a stand-in for AWS")
    parser.add_argument(f"{dashed}profile", help="profile of AWS's settings")
    if not prefix:
        parser.add_argument("--local", action="store_true", help="the stand-in on this machine")


def chosen(given: argparse.Namespace) -> Stage:
    """The stage that the arguments name."""
    endpoint = given.endpoint
    if given.local and not endpoint:
        endpoint = f"http://127.0.0.1:{int(os.environ.get('ENTREPOT_PORT', _LOCAL_PORT)) + 1}"
    _point_platform(given.stage, endpoint, given.profile)
    return Stage(given.stage, endpoint, given.profile)


def _point_platform(name: str, endpoint: str | None, profile: str | None) -> None:
    """Tell the platform's own code, where a command uses it, which stage it speaks for: it reads this when imported."""
    os.environ["ENTREPOT_STAGE"] = name
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    if profile:
        os.environ["AWS_PROFILE"] = profile
    elif endpoint:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")


def _is_account(name: str, started: str) -> bool:
    rest = name.removeprefix(f"{started}-")
    return rest != name and rest.isdigit()
