"""The parts of the bench. Each is measured in a process of its own and gives what JSON can hold."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench import results

STAGE: Final = "test"

Data = Any
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """How much is to be measured. `times`: repetitions of a case; `most`: the largest size of a growth curve."""

    times: int
    most: int
    say: Say


def use_cases(asked: Asked) -> Data:
    from bench import cases
    from bench.floors import Floors
    from bench.walk import Walk
    from tests.support import workers

    with _platform() as log, _stripe() as provider, workers.in_process():
        floors = Floors()
        walk = Walk(floors, log, asked.say)
        cases.all_of_them(walk, cases.Stand(), provider, asked.times)
        costs = floors.costs(asked.times)
    return {
        "floors": {kind: _cost(cost) for kind, cost in costs.items()},
        "cases": [
            {
                **_cost(row.cost),
                "floor": row.floor,
                "function": row.function,
                "memory": memory(row.function),
                "per_order": row.per_order,
            }
            for row in walk.rows()
        ],
    }


def quotes(asked: Asked) -> Data:
    from bench import quotes as measured
    from bench.cases import Stand

    with _platform(), _stripe():
        found = measured.all_of_them(Stand(), asked.times)
    return [
        {
            **_cost(one.cost),
            "lines": one.lines,
            "floor": one.floor,
            "beyond": one.beyond,
            "options": one.options,
            "ways": one.ways,
        }
        for one in found
    ]


def callers(_asked: Asked) -> Data:
    from bench import signing_in

    with _platform():
        return {**signing_in.all_of_them(), "memory": memory("api_handler")}


def startup(asked: Asked) -> Data:
    from bench import startup as measured
    from infra import package, targets
    from infra.local.stack import ministack

    artefact = package.build(targets.host())
    with _stand_in(ministack):
        from tests.support import aws as estate

        estate.make_estate()
        with _stripe():
            names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ENTREPOT_STRIPE_URL")
            given = {name: os.environ[name] for name in names}
            times = max(3, min(asked.times // 20, 11))
            found = measured.all_of_them(artefact, given, STAGE, times, asked.say)
    return [{**asdict(one), "cpu": one.cpu} for one in found]


def artefact(_asked: Asked) -> Data:
    from bench import sizes
    from infra import package, targets

    return [asdict(one) for one in sizes.all_of_them(package.build(targets.host()))]


def growth(asked: Asked) -> Data:
    with _platform() as log, _stripe():
        from bench import growth as measured
        from bench.cases import Stand
        from bench.floors import Floors

        at = measured.Measuring(Floors(), log, max(10, asked.times // 4))
        found = measured.all_of_them(Stand(), at, asked.most, asked.say)
    return [{"curve": one.curve, "size": one.size, "floor": one.floor, **_cost(one.cost)} for one in found]


def look_ups(asked: Asked) -> Data:
    from bench import rate_cards, tariffs

    return {"tariffs": tariffs.all_of_them(asked.say), "rate_cards": rate_cards.all_of_them(asked.say)}


def throughput(asked: Asked) -> Data:
    from bench.throughput import orders_a_second
    from infra.local.stack import running

    with running(stage="test", say=asked.say) as up:
        return [
            {"clients": clients, "orders": orders, "a_second": orders_a_second(up, clients, orders)}
            for clients, orders in ((1, asked.times), (8, asked.times * 4))
        ]


PARTS: Final[dict[str, Callable[[Asked], Data]]] = {
    "use_cases": use_cases,
    "quotes": quotes,
    "callers": callers,
    "startup": startup,
    "artefact": artefact,
    "growth": growth,
    "look_ups": look_ups,
    "throughput": throughput,
}


def memory(function: str) -> int:
    """The MiB that a function is given, by its handler."""
    config = json.loads((results.ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    own = config["lambda_functions"].get(function, {})
    return int(own.get("lambda_memory_size", config["lambda_memory_size"]))


def _cost(cost: Any) -> dict[str, Any]:
    kept = asdict(cost)
    del kept["each"]
    return kept


@contextmanager
def _stand_in(ministack: Any) -> Iterator[None]:
    """The stand-in for AWS, where this process looks for it from now on."""
    from infra.local.processes import free_ports

    assert os.environ["ENTREPOT_STAGE"] == STAGE, "the platform would look for its tables elsewhere"
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-", ignore_cleanup_errors=True) as name:
        (port,) = free_ports(1)
        endpoint = f"http://127.0.0.1:{port}"
        with ministack(Path(name), port):
            os.environ.update(
                AWS_ENDPOINT_URL=endpoint,
                AWS_DEFAULT_REGION="eu-central-1",
                AWS_ACCESS_KEY_ID="test",
                AWS_SECRET_ACCESS_KEY="test",
                AWS_EC2_METADATA_DISABLED="true",
            )
            yield


@contextmanager
def _platform() -> Iterator[Any]:
    """The whole API in this process over the stand-in, its log counted and not shown."""
    from infra.local.stack import ministack

    with _stand_in(ministack):
        from bench.meter import Log
        from tests.support import aws as estate

        estate.make_estate()
        log, shown = Log(), sys.stdout
        sys.stdout = log
        try:
            yield log
        finally:
            sys.stdout = shown


@contextmanager
def _stripe() -> Iterator[Any]:
    """Stripe's stand-in, in a process of its own."""
    from bench.cases import Elsewhere
    from infra.local.processes import child, free_ports, listening, module, wait_for
    from infra.local.setup import child_environment
    from tests.support.aws import SECRETS

    (port,) = free_ports(1)
    command = module("infra.local.stripe", "--port", str(port), "--secret-key", SECRETS["stripe_secret_key"])
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "stripe.log"
        with child("the stand-in for Stripe", command, child_environment(), log) as started:
            wait_for(lambda: listening(port), started)
            os.environ["ENTREPOT_STRIPE_URL"] = f"http://127.0.0.1:{port}"
            try:
                yield Elsewhere(os.environ["ENTREPOT_STRIPE_URL"])
            finally:
                del os.environ["ENTREPOT_STRIPE_URL"]
