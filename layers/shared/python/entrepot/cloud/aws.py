"""One client for each service, made when first asked for, and the names of what is ours.

What the API needs for most requests (keys, secrets, queues) goes by our own transport, so that it starts without
botocore (ADR 81); all else is botocore's, over one session.
"""

import json
import os
import time
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from entrepot.cloud import direct, telemetry

if TYPE_CHECKING:
    import botocore.session
    from botocore.config import Config

STAGE: Final = os.environ.get("ENTREPOT_STAGE", "local")

FORMER: Final = ".former"
"""What is added to a key's name for the value that it had before."""

_SECRET_SECONDS: Final = 300.0


class Patience(NamedTuple):
    """How long a service may take for an answer, how often it is asked, and over how many connections."""

    read_seconds: int = 6
    attempts: int = 4
    connections: int = 16


_USUAL: Final = Patience()
_secrets: dict[str, tuple[float, dict[str, str]]] = {}


def name(short: str) -> str:
    """`entrepot-local-orders` for "orders": how every table, queue, topic and key of a stage is called."""
    return f"entrepot-{STAGE}-{short}"


@cache
def session() -> "botocore.session.Session":
    import botocore.session  # a function that asks DynamoDB alone never needs it

    telemetry.trace_botocore()
    return botocore.session.get_session()


@cache
def client(service: str, patience: Patience = _USUAL) -> Any:
    """The one client of an AWS service; made once a process, safe to share between threads."""
    directly = None
    if patience == _USUAL:
        directly = direct.client(service, lambda: _whole(service, patience))
    return directly or _whole(service, patience)


@cache
def _whole(service: str, patience: Patience) -> Any:
    return session().create_client(service, config=_config(service, patience))


def _config(service: str, patience: Patience) -> "Config":
    from botocore.config import Config

    # A link to a sealed object is signed by version 4, and names the bucket's own region.
    own = {"signature_version": "s3v4", "s3": {"addressing_style": "virtual"}} if service == "s3" else {}
    return Config(
        connect_timeout=2,
        read_timeout=patience.read_seconds,
        max_pool_connections=patience.connections,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        **own,
    )


@cache
def queue_url(short: str) -> str:
    url: str = client("sqs").get_queue_url(QueueName=name(short))["QueueUrl"]
    return url


def secret(key: str) -> str:
    """One value of the stage's secret; read again after five minutes so that a rotation reaches us.

    Raises: KeyError: the secret has no such key.
    """
    held = _secrets.get("app")
    if held is None or held[0] < time.monotonic():
        answer = client("secretsmanager").get_secret_value(SecretId=name("app"))
        held = (time.monotonic() + _SECRET_SECONDS, json.loads(answer["SecretString"]))
        _secrets["app"] = held
    return held[1][key]


def accepted(key: str, now: datetime) -> tuple[str, ...]:
    """Every value of a key by which somebody may sign at this moment: the one that holds, and while it is rotated the
    one before it as well, which stands beside it under `<key>.former` as `<until, RFC 3339> <value>`. None is empty.

    Raises: KeyError: the secret has no such key.
    """
    holds = secret(key)
    until, _, before = _secrets["app"][1].get(f"{key}{FORMER}", "").partition(" ")
    both = (holds, before if before and now < datetime.fromisoformat(until) else "")
    return tuple(value for value in both if value)


def forget() -> None:
    """Drop every cached client, address and secret: for tests that start a new AWS elsewhere."""
    session.cache_clear()
    client.cache_clear()
    _whole.cache_clear()
    forget_what_is_there()


def forget_what_is_there() -> None:
    """Drop cached addresses and secrets, not the clients: for tests that start a new AWS at the same place."""
    queue_url.cache_clear()
    _secrets.clear()
