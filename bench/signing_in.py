"""What knowing a caller costs: a token on a warm function, and the memory of a function that signs somebody in."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TOKENS: Final = 2_000
_BUDGET_MS: Final = 1.0
_SIGN_IN: Final = """
import json, os, resource, sys
import app
event = json.loads(sys.stdin.read())
answer = app.app(event, None)
assert answer["statusCode"] == 201, answer
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.stderr.write(f"{peak}\\n")
"""


@dataclass(frozen=True, slots=True)
class Verified:
    """CPU in milliseconds of one token, and the requests that all of them together made."""

    median: float
    p99: float
    requests: int


def verified(token: str, times: int = TOKENS) -> Verified:
    """Verify a token again and again, as each request does, once the keys are known."""
    from entrepot.cloud import auth
    from entrepot.kernel.clock import utc_now

    now = utc_now()
    auth.principal(token, now)
    taken = []
    with _requests() as made:
        for _ in range(times):
            before = time.process_time_ns()
            auth.principal(token, now)
            taken.append((time.process_time_ns() - before) / 1e6)
    ranked = sorted(taken)
    return Verified(ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.99)], len(made))


def memory_of_a_sign_in(email: str, password: str) -> tuple[float, int]:
    """The peak of a fresh process that loads the whole API and signs somebody in, and its function's setting, in MB."""
    body = json.dumps({"email": email, "password": password})
    event = {
        "resource": "/v1/sessions",
        "path": "/v1/sessions",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"resourcePath": "/v1/sessions", "httpMethod": "POST", "requestId": "bench"},
    }
    root = Path(__file__).parents[1]
    paths = os.pathsep.join((str(root), str(root / "layers" / "shared" / "python")))
    done = subprocess.run(
        [sys.executable, "-B", "-c", _SIGN_IN],
        input=json.dumps(event),
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stderr.split()[-1]) / 1024, _setting(root)


def _setting(root: Path) -> int:
    config = json.loads((root / ".chalice" / "config.json").read_text(encoding="utf-8"))
    return int(config["lambda_functions"]["api_handler"]["lambda_memory_size"])


def printed(token: str, email: str, password: str) -> Iterator[str]:
    cost = verified(token)
    yield (
        f"  {'a token on a warm function':<44}{cost.requests:>3} requests"
        f"{cost.median:>8.3f}{cost.p99:>8.3f}  median, p99 of {TOKENS:,} (CPU in ms)"
    )
    peak, setting = memory_of_a_sign_in(email, password)
    yield f"  {'peak memory of a fresh process that signs in':<44}{peak:>6.0f} of {setting:,} MB"
    yield f"  budgets: no request and {_BUDGET_MS:g} ms; the function's setting"


@contextmanager
def _requests() -> Iterator[list[str]]:
    """Every request to any service of AWS made meanwhile, and every connection opened."""
    import socket

    from entrepot.cloud import aws

    made: list[str] = []

    def sent(request: Any, **_: Any) -> None:
        made.append(str(request.url))

    clients = [aws.client(name) for name in ("kms", "dynamodb", "secretsmanager")]
    for client in clients:
        client.meta.events.register("before-send.*", sent)
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        made.append(str(address))
        connect(self, address)

    socket.socket.connect = noted  # type: ignore[assignment,method-assign]
    try:
        yield made
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        for client in clients:
            client.meta.events.unregister("before-send.*", sent)


def main() -> int:
    """These rows alone: `python -m bench.signing_in`."""
    import tempfile

    from bench.__main__ import Quiet, environment
    from infra.local.processes import free_ports
    from infra.local.stack import ministack

    with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as name:
        (port,) = free_ports(1)
        with ministack(Path(name), port):
            environment(f"http://127.0.0.1:{port}")
            from tests.support import aws as estate

            with Quiet():
                estate.make_estate()
                lines = list(printed(*somebody()))
    print("Knowing who calls")
    print("\n".join(lines))
    return 0


def somebody() -> tuple[str, str, str]:
    """The token, the address and the password of a new member."""
    from entrepot.kernel.clock import utc_now
    from functions.membership.facade import seed_account
    from tests.support.http import call

    email, password = "bench@example.com", "correct horse battery"
    seed_account(email, password, "shopper", None, utc_now())
    answer = call("POST", "/v1/sessions", {"email": email, "password": password})
    assert answer.status == 201, answer.text
    return answer.json["access_token"], email, password


if __name__ == "__main__":
    sys.exit(main())
