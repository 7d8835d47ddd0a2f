"""The whole of Entrepot on one machine, as a context: what `make up` serves and what end-to-end tests run against.

with running(stage="test") as entrepot:
    requests.get(f"{entrepot.base_url}/health")
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra import package, targets
from infra.local import accounts as accounts_module
from infra.local.accounts import Accounts
from infra.local.deploy import Aws, Deployment, deploy, deployed
from infra.local.processes import Child, child, free_ports, listening, module, wait_for
from infra.local.setup import ROOT, Hindrance, child_environment, stand_in_environment
from infra.package import REGION, Artefact

API_AT_ONCE: Final = 4
"""Copies of the API function at a time: two processor cores gain nothing from more."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ports:
    front: int
    aws: int
    stripe: int
    carriers: int
    btcpay: int

    @classmethod
    def free(cls) -> "Ports":
        return cls(*free_ports(5))

    @classmethod
    def in_a_row(cls, first: int) -> "Ports":
        return cls(first, first + 1, first + 2, first + 3, first + 4)


@dataclass(frozen=True, slots=True)
class Running:
    """Where everything answers while it runs. `logs` holds one file per process."""

    stage: str
    ports: Ports
    folder: Path
    accounts: Accounts
    deployment: Deployment
    children: tuple[Child, ...]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.front}"

    @property
    def aws_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports.aws}"

    @property
    def stripe_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.stripe}"

    @property
    def btcpay_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.btcpay}"

    @property
    def carriers_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.carriers}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def client(self, service: str) -> Any:
        """A botocore client of the stand-in for AWS."""
        return Aws(self.aws_endpoint).client(service)

    def invoke(self, function: str, event: Any) -> Any:
        """Call a function by the last part of its name, such as "orders-due", and return its answer."""
        request = {"FunctionName": f"entrepot-{self.stage}-{function}", "Payload": json.dumps(event).encode()}
        answer = self.client("lambda").invoke(**request)
        result = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise AssertionError(f"{function} failed: {result}")
        return result


@contextmanager
def running(
    stage: str = "test",
    *,
    folder: Path | None = None,
    ports: Ports | None = None,
    completion_days: int = 0,
    seed: bool = True,
    dynamodb: str | None = None,
    at_once: int = API_AT_ONCE,
    providers: Path | None = None,
    say: Say = lambda _: None,
) -> Iterator[Running]:
    """Everything started, deployed and seeded; stopped again when the block ends, whatever happens in it.

    Args: folder: where state, logs and accounts live; one that vanishes afterwards if None. dynamodb: where the
        functions send their requests to DynamoDB instead, such as a proxy in front of the stand-in for AWS, which is
        at `ports.aws`. at_once: copies of the API function at a time. providers: the folder of another stack whose
        payment providers this one goes on with, if it is new.
    Raises: Hindrance: something of this machine stands in the way.
    """
    with ExitStack() as held:
        if folder is None:
            folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="entrepot-")))
        chosen = ports or Ports.free()
        accounts = accounts_module.load_or_create(folder / "accounts.json")
        say("packaging")
        artefact = package.build(targets.host())
        incomplete = folder / "incomplete"
        if incomplete.exists():
            shutil.rmtree(folder / "state", ignore_errors=True)
        say("starting the stand-in for AWS")
        children = [held.enter_context(ministack(folder, chosen.aws))]
        if not deployed(Aws(f"http://127.0.0.1:{chosen.aws}"), stage):
            incomplete.touch()  # until it is seeded: a start that ends before is done over
        say("deploying")
        deployment = _deploy(chosen, artefact, stage, accounts, completion_days, dynamodb)
        if deployment.new:
            _take_over(folder, providers)
        say("starting Stripe, BTCPay, carriers and the front")
        children += [
            held.enter_context(one) for one in _others(folder, chosen, accounts, deployment, at_once)
        ]
        _wait_all(children, chosen)
        up = Running(stage, chosen, folder, accounts, deployment, tuple(children))
        if deployment.new and seed:
            say("seeding")
            _seed(up)
        incomplete.unlink(missing_ok=True)
        yield up


def _take_over(folder: Path, providers: Path | None) -> None:
    """The providers' own books: of another stack, or none, for what they knew of a stage before is not this one's."""
    for name in ("stripe.json", "btcpay.json"):
        (folder / "state" / name).unlink(missing_ok=True)
        if providers is not None and (providers / "state" / name).exists():
            shutil.copyfile(providers / "state" / name, folder / "state" / name)


def _deploy(
    ports: Ports,
    artefact: Artefact,
    stage: str,
    accounts: Accounts,
    completion_days: int,
    dynamodb: str | None,
) -> Deployment:
    real = "ENTREPOT_STRIPE_SECRET_KEY" in os.environ  # Stripe's own test mode instead of the stand-in
    parameters = {
        "Lasting": "no",
        "PublicUrl": f"http://127.0.0.1:{ports.front}",
        "CompletionDays": str(completion_days),
        "StaffSecondFactor": "optional",
        "StripeUrl": "" if real else f"http://127.0.0.1:{ports.stripe}",
        "BtcpayUrl": f"http://127.0.0.1:{ports.btcpay}",
    }
    variables = {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb} if dynamodb else {}
    return deploy(Aws(f"http://127.0.0.1:{ports.aws}"), artefact, stage, accounts, parameters, variables)


def _seed(up: Running) -> None:
    from infra.local import seed

    seed.seed(up.base_url, up.accounts, up.aws_endpoint, up.stage)


@contextmanager
def ministack(folder: Path, port: int) -> Iterator[Child]:
    """The stand-in for AWS, keeping its state below `folder`. Raises: Hindrance."""
    python = stand_in_environment()
    scratch = folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)  # unpacked functions of the last run
    for needed in ("state", "objects", "scratch"):
        (folder / needed).mkdir(parents=True, exist_ok=True)
    settings = child_environment(
        AUTH="true",  # signatures and each function's policy are checked, as on AWS
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        PERSIST_STATE="1",
        S3_PERSIST="1",
        STATE_DIR=str(folder / "state"),
        S3_DATA_DIR=str(folder / "objects"),
        TMPDIR=str(scratch),
        UNPACKED_DIR=str(folder / "unpacked"),
        MINISTACK_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
    )
    del settings["PYTHONPATH"]
    host = str(ROOT / "infra" / "local" / "ministack_host.py")
    command = [str(python), host, str(_bare_python(folder))]
    with child("the stand-in for AWS", command, settings, folder / "logs" / "aws.log") as started:
        wait_for(lambda: listening(port), started)
        yield started


def _bare_python(folder: Path) -> Path:
    """A Python for functions that sees nothing but its standard library and the archives it is given."""
    script = folder / "bin" / "python"
    script.parent.mkdir(exist_ok=True)
    base = getattr(sys, "_base_executable", sys.executable)
    script.write_text(f'#!/bin/sh\nexec "{base}" -I -S "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def _others(
    folder: Path, ports: Ports, accounts: Accounts, deployment: Deployment, at_once: int
) -> list[Any]:
    base = f"http://127.0.0.1:{ports.front}"
    secrets = folder / "carriers.json"
    accounts_module.write_private(secrets, json.dumps(accounts["secrets"]))
    stripe = module(
        "infra.local.stripe", "--port", str(ports.stripe), "--webhook-url", f"{base}/v1/webhooks/stripe"
    )
    stripe += [
        "--webhook-secret",
        accounts["secrets"]["stripe"],
        "--state",
        str(folder / "state" / "stripe.json"),
    ]
    btcpay = module(
        "infra.local.btcpay", "--port", str(ports.btcpay), "--webhook-url", f"{base}/v1/webhooks/btcpay"
    )
    btcpay += [
        "--webhook-secret",
        accounts["secrets"]["btcpay"],
        "--state",
        str(folder / "state" / "btcpay.json"),
    ]
    carriers = module(
        "infra.local.carriers", "--port", str(ports.carriers), "--target", base, "--secrets", str(secrets)
    )
    front = module("infra.local.front", "--port", str(ports.front), "--upstream-port", str(ports.aws))
    front += ["--api", deployment.api, "--at-once", str(at_once)]
    own = child_environment()
    return [
        child("the stand-in for Stripe", stripe, own, folder / "logs" / "stripe.log"),
        child("the stand-in for BTCPay", btcpay, own, folder / "logs" / "btcpay.log"),
        child("the stand-in for carriers", carriers, own, folder / "logs" / "carriers.log"),
        child("the front", front, own, folder / "logs" / "front.log"),
    ]


def _wait_all(children: list[Child], ports: Ports) -> None:
    listens = (ports.aws, ports.stripe, ports.btcpay, ports.carriers, ports.front)
    for started, port in zip(children, listens, strict=True):
        wait_for(lambda port=port: listening(port), started)  # type: ignore[misc]


__all__ = ["Hindrance", "Ports", "Running", "ministack", "running"]
