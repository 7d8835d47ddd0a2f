"""What knowing a caller costs: a token on a warm function, and the memory of a function that signs somebody in."""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.meter import Meter, p99

TOKENS: Final = 2_000
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
    taken: list[float] = []

    def again() -> None:
        for _ in range(times):
            before = time.process_time_ns()
            auth.principal(token, now)
            taken.append((time.process_time_ns() - before) / 1e6)

    meter = Meter(counting=False)
    meter.run(again)
    made = meter.sample.calls.total() + meter.sample.others.total()
    return Verified(statistics.median(taken), p99(taken), made)


def memory_of_a_sign_in(email: str, password: str) -> float:
    """The peak of a fresh process that loads the whole API and signs somebody in, in MiB."""
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
    return int(done.stderr.split()[-1]) / 1024


def all_of_them() -> dict[str, float]:
    """A token on a warm function (CPU in ms, requests), and the peak of a process that signs somebody in (MiB)."""
    token, email, password = somebody()
    cost = verified(token)
    return {
        "tokens": TOKENS,
        "median": cost.median,
        "p99": cost.p99,
        "requests": cost.requests,
        "peak": memory_of_a_sign_in(email, password),
    }


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
