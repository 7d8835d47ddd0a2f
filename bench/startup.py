"""How long a function takes from nothing to its first answer, and the memory it then has: the packaged functions under
AWS's own runtime client, each beside the floor of Chalice, pynamodb and one client of DynamoDB."""

import shutil
import statistics
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from infra.checks import proxy_event
from infra.estate import FUNCTIONS
from infra.local.runtime import Code, Description, Function, describe
from infra.package import Artefact

FLOOR: Final = "floor"
_API: Final = "APIHandler"
_FLOOR_HANDLER: Final = "bench_floor.handler"
_FLOOR_SOURCE: Final = """
import os
import chalice.app
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

class Plain(Model):
    class Meta:
        table_name = os.environ["BENCH_TABLE"]
        region = os.environ["AWS_REGION"]
        host = os.environ["AWS_ENDPOINT_URL"]
    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)

app = chalice.app.Chalice(app_name="floor")

def handler(event, context):
    return len(list(Plain.query("list#all", limit=24)))
"""


@dataclass(frozen=True, slots=True)
class Started:
    """Medians over fresh processes. CPU and wall in ms: `start` until it asks for an event, `first` its answer.

    `peak` and `resident` in MiB, after that answer, of `memory` that the template gives.
    """

    name: str
    start: float
    first: float
    wall: float
    peak: float
    resident: float
    memory: int
    source: str = ""

    @property
    def cpu(self) -> float:
        """What the budgets are about: with the first answer, unless that is a clock's or a worker's whole work."""
        return self.start + (0.0 if self.source in ("schedule", "worker") else self.first)


def all_of_them(
    artefact: Artefact,
    environment: Mapping[str, str],
    stage: str,
    times: int,
    say: Callable[[str], object] = lambda _: None,
) -> list[Started]:
    """The floor first, then each function of the template. `environment`: where the stand-ins are, and credentials."""
    given = {
        **environment,
        "BENCH_TABLE": f"entrepot-{stage}-catalogue",
        "HOME": "/tmp",  # Lambda's user has a home in its list of users, where Stripe's library looks for a file
    }
    described = describe(artefact.template, {"Stage": stage})
    with _with_floor(artefact) as widened, Code(widened) as code:
        floor = replace(described[_API], logical_id=FLOOR, handler=_FLOOR_HANDLER)
        found = [_started(floor, code, given, {}, times)]
        say(FLOOR)
        for function in FUNCTIONS:
            description = described[function.logical_id]
            event = first_event(function.source)
            taken = _started(description, code, given, event, times)
            found.append(replace(taken, name=function.handler, source=function.source))
            say(function.handler)
    return found


def first_event(source: str) -> Any:
    """What a function is first called with: the API is asked for a list, a clock strikes, a queue brings nothing."""
    if source == "api":
        return proxy_event("GET", "/v1/products")
    if source == "schedule":
        names = ("version", "account", "region", "detail-type", "source", "time", "id", "resources")
        return {**dict.fromkeys(names, ""), "detail": {}}
    if source == "worker":
        return {"correlation_id": "bench", "asked": {"text": "Cotton T-shirt", "most": 5}}
    return {"Records": []}


@contextmanager
def _with_floor(artefact: Artefact) -> Iterator[Artefact]:
    """The artefact with the floor's handler beside its own."""
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as name:
        folder = Path(name)
        for archive in artefact.archives:
            if archive != artefact.function:
                (folder / archive.name).symlink_to(archive.resolve())
        shutil.copy(artefact.function, folder / artefact.function.name)
        with zipfile.ZipFile(folder / artefact.function.name, "a", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("bench_floor.py", _FLOOR_SOURCE)
        yield Artefact(folder, artefact.target)


def _started(
    description: Description, code: Code, given: Mapping[str, str], event: Any, times: int
) -> Started:
    """The first process only warms the machine's file cache."""
    taken = [_once(description, code, given, event) for _ in range(times + 1)][1:]
    start, first, wall, peak, resident = (statistics.median(column) for column in zip(*taken, strict=True))
    memory = description.memory_mebibytes
    return Started(description.logical_id, start, first, wall, peak, resident, memory)


def _once(
    description: Description, code: Code, given: Mapping[str, str], event: Any
) -> tuple[float, float, float, float, float]:
    with Function(description, code, environment=given) as function:
        done = function.invoke(event)
        assert done.start is not None, done
        assert done.error is None, (description.handler, done.error, done.logs[-3:])
        assert _well(done.answer), (description.handler, done.answer)
        copy = function._copy
        assert copy is not None
        wall = done.start.wall_ms + done.wall_ms
        return done.start.cpu_ms, done.cpu_ms, wall, done.peak_mebibytes, copy.process.mebibytes()


def _well(answer: Any) -> bool:
    return not isinstance(answer, dict) or answer.get("statusCode", 200) == 200
