"""How long a function takes to start: CPU of a fresh process from the packaged artefact, beside its floor."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from infra.checks import functions, proxy_event
from infra.package import Artefact

_FLOOR: Final = """
import sys
sys.path[:0] = sys.argv[1:3]
import chalice.app
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model
class Plain(Model):
    class Meta:
        table_name = sys.argv[3]
        region = "eu-central-1"
        host = sys.argv[4]
    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
app = chalice.app.Chalice(app_name="floor")
list(Plain.query("list#all", limit=24))
"""
_START: Final = """
import importlib, sys
sys.path[:0] = sys.argv[1:3]
module, _, name = sys.argv[3].rpartition(".")
getattr(importlib.import_module(module), name)
if len(sys.argv) > 4:
    import json
    answer = importlib.import_module(module).app(json.loads(sys.argv[4]), None)
    assert answer["statusCode"] == 200, answer
else:
    from entrepot.cloud import aws
    aws.client("dynamodb")
"""


def all_of_them(
    artefact: Artefact, endpoint: str, stage: str, times: int = 5
) -> list[tuple[str, float, float]]:
    """(function, CPU milliseconds, ratio to the floor) of each; the floor first.

    The API is started up to its first list from DynamoDB, a consumer up to its client; the floor is Chalice,
    pynamodb and one client with a query.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("function", "layer-shared"):
            with zipfile.ZipFile(artefact.folder / f"{part}.zip") as zipped:
                zipped.extractall(folder / part)
        paths = [str(folder / "function"), str(folder / "layer-shared" / "python")]
        floor = _cpu([_FLOOR, *paths, f"entrepot-{stage}-catalogue", endpoint], endpoint, stage, times)
        rows = [("floor", floor, 1.0)]
        template = json.loads((artefact.folder / "template.json").read_text(encoding="utf-8"))
        for _, properties in functions(template):
            handler = properties["Handler"]
            first = [json.dumps(proxy_event("GET", "/v1/products"))] if handler == "app.app" else []
            cpu = _cpu([_START, *paths, handler, *first], endpoint, stage, times)
            rows.append((handler, cpu, cpu / floor))
        return rows


def _cpu(arguments: list[str], endpoint: str, stage: str, times: int) -> float:
    environment = {
        "PATH": os.environ["PATH"],
        "ENTREPOT_STAGE": stage,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    taken = []
    for _ in range(times + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-S", "-B", "-c", *arguments]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append((after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000)
    return statistics.median(taken[1:])
