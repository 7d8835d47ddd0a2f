"""A stage on which a day was traded, its archive, and empty stages to restore into."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from entrepot.cloud import aws as cloud
from infra.backup.archive import Manifest
from infra.backup.making import make
from infra.stage import Stage
from tests.support import aws as stand_in
from tests.support import twin
from tests.support.provider import running
from tests.support.shop import Shop

_numbers: Final = itertools.count(1)
QUIET: Final = lambda _: None  # noqa: E731


@pytest.fixture(scope="module")
def traded() -> Iterator[Stage]:
    """The stage of this process after two orders, one of them paid; a paper, an export and a dead letter."""
    with stand_in.in_process("moto"), running() as provider:
        stage = twin.made(Stage(cloud.STAGE))
        shop = Shop()
        shop.stocked("PHONES-1", units=40)
        paid, _ = shop.place({"PHONES-1": 2}, token=shop.shopper()), shop.place({"PHONES-1": 1})
        provider.pay(paid)
        provider.deliver()
        shop.settle_events()
        for bucket in ("papers", "exports"):
            name = stage.bucket(bucket)
            stage.client("s3").put_object(
                Bucket=name, Key="a/long path/ü.pdf", Body=b"%PDF" * 999, ContentType="application/pdf"
            )
        url = stage.queue_url("orders-events-dlq")
        stage.client("sqs").send_message(QueueUrl=url, MessageBody='{"event": "payments.payment_captured"}')
        yield stage
        stage.close()


@pytest.fixture(scope="module")
def horizon() -> int:
    """Rows whose time to live is over within the hour are not compared."""
    return int(time.time()) + 3600


@pytest.fixture(scope="module")
def archive(traded: Stage, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp("backup") / "stage.tar"
    return path, make(traded, path, QUIET)


@pytest.fixture
def empty(traded: Stage) -> Stage:
    """A stage of its own key and the same secret, with nothing in it. It shares the clients, which are slow to make."""
    return twin.made(Stage(f"twin{next(_numbers)}", _clients=traded._clients))
