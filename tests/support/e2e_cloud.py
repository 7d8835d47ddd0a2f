"""The stand-in for AWS as a process of its own, for tests that need many threads on one DynamoDB."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from entrepot.cloud import aws
from functions.payments import stripe_gateway
from infra.local import stack
from infra.local.processes import free_ports
from tests.support import aws as stand_in
from tests.support import http
from tests.support.http import Answer

_SERVICES: Final = ("dynamodb", "sqs", "sns", "kms", "secretsmanager", "sesv2")
_accounts: Final = itertools.count(100_000_000_001)


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """A running ministack of our own; its address."""
    (port,) = free_ports(1)
    with stack.ministack(folder, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def account(endpoint: str, dynamodb: str | None = None, client: str = "") -> Iterator[None]:
    """A fresh AWS account for one test, with the whole estate made in it; the platform of this process uses it.

    Args: dynamodb: where requests to DynamoDB go instead, such as a proxy in front of `endpoint`. client: "botocore"
        for that instead of the thin one.
    """
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": str(next(_accounts)),  # twelve digits: the stand-in takes them for the account
        "ENTREPOT_AWS_CLIENT": client,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        stand_in.forget()
        stand_in.make_estate()
        for service in _SERVICES:
            aws.client(service).close()
        stand_in.forget()
        if dynamodb is not None:
            patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb)
        _one_request_per_thread(patch)
        for service in _SERVICES:
            aws.client(service)  # made before threads race to make them
        yield
        for service in _SERVICES:
            aws.client(service).close()
        stand_in.forget()


class Copies:
    """So many copies of the API function in this process: what exceeds them waits, as in front of Lambda's limit."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._pool = ThreadPoolExecutor(number)

    def call(self, *request: Any, **more: Any) -> Answer:
        return self._pool.submit(http.call, *request, **more).result()

    def close(self) -> None:
        """End the copies, each closing its own connections to the payment provider."""
        together, provider = threading.Barrier(self._number), stripe_gateway._http()

        def end() -> None:
            together.wait()
            provider.close()  # type: ignore[no-untyped-call]

        for ended in [self._pool.submit(end) for _ in range(self._number)]:
            ended.result()
        self._pool.shutdown()
        stripe_gateway.forget()


def _one_request_per_thread(patch: pytest.MonkeyPatch) -> None:
    """Lambda gives each copy of the function one request at a time; here threads share the application."""
    from entrepot.cloud.application import Application

    held = threading.local()

    def current(_: Any) -> Any:
        return getattr(held, "request", None)

    def put(_: Any, request: Any) -> None:
        held.request = request

    patch.setattr(Application, "current_request", property(current, put), raising=False)
