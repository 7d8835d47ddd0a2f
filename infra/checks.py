"""What an artefact has to show before it may go anywhere."""

import copy
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MEGABYTE: Final = 1_000_000
ZIPPED_MEGABYTES: Final = 40
UNZIPPED_MEGABYTES: Final = 120
WITH_LAYERS_MEGABYTES: Final = 250
ELF_MACHINES: Final = {"x86_64": 62, "arm64": 183}

_IMPORT: Final = """
import importlib, sys, time
sys.path[:0] = sys.argv[2:]
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(importlib.import_module(module), name)
assert callable(handler), name
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
foreign = [path for path in files if "site-packages" in path and not path.startswith(tuple(sys.argv[2:]))]
assert not foreign, foreign
print(round(time.process_time() * 1000))
"""
_ANSWER: Final = """
import importlib, json, sys
sys.path[:0] = sys.argv[3:]
class Context:
    aws_request_id = "check"
    function_name = "entrepot-check-api"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:entrepot-check-api"
    memory_limit_in_mb = 1024
    def get_remaining_time_in_millis(self):
        return 29000
module, _, name = sys.argv[1].rpartition(".")
answer = getattr(importlib.import_module(module), name)(json.loads(sys.argv[2]), Context())
print("\\n" + json.dumps(answer))
"""

_PRINT: Final = """
import sys
sys.path[:0] = sys.argv[1:]
from datetime import date
from entrepot.kernel.money import Money
from functions.logistics import typst_gateway
from functions.logistics.domain.declaration import Declaration, DeclaredLine, Party
from functions.logistics.domain.paperwork import PAPERS
price = Money(100, "EUR")
line = DeclaredLine("A-1", "\u65e0\u7ebf\u8033\u673a", 1, price, price, "851830", "CN", 240)
anna = Party("Anna", ("Berlin", "DE"))
said = Declaration("shp_1", "ord_1", date(2026, 1, 1), anna, anna, "DE", "post", "1", "ddp", (line,), (), price)
for paper in PAPERS.values():
    pdf = typst_gateway.rendered(paper(said))
    assert pdf.startswith(b"%PDF") and b"NotoSansCJK" in pdf and b"/FontFile3" in pdf, paper
    print(len(pdf))
"""


class CheckFailed(Exception):
    """The artefact must not be used; the message says why."""


def run(folder: Path, *, native: bool, lint: bool = True) -> str:
    """All checks that can be made here. Returns: a report, sizes among it.

    Raises: CheckFailed.
    """
    template = json.loads((folder / "template.json").read_text(encoding="utf-8"))
    lines = sizes(folder)
    with tempfile.TemporaryDirectory(prefix="entrepot-check-") as scratch:
        unpacked = Unpacked.of(folder, Path(scratch))
        lines.append(compiled_for(template, Path(scratch)))
        if native:
            lines += importable(template, unpacked)
            lines.append(answers(template, unpacked))
            lines.append(suggests(template, unpacked))
            lines.append(prints(template, unpacked))
        else:
            lines.append("handlers run in the check of the host's artefact, whose sources are the same")
    if lint:
        lines += linted(folder, template)
    return "\n".join(lines)


def sizes(folder: Path) -> list[str]:
    """The weight of the archives beside their budgets."""
    zipped = (folder / "function.zip").stat().st_size / MEGABYTE
    function = _unzipped(folder / "function.zip") / MEGABYTE
    _within("API zipped", zipped, ZIPPED_MEGABYTES)
    _within("API unzipped", function, UNZIPPED_MEGABYTES)
    lines = [
        f"API zipped    {zipped:6.1f} MB of {ZIPPED_MEGABYTES}",
        f"API unzipped  {function:6.1f} MB of {UNZIPPED_MEGABYTES}",
    ]
    template = json.loads((folder / "template.json").read_text(encoding="utf-8"))
    wholes: dict[str, float] = {}
    for _, properties in functions(template):
        archives = _layers(template, properties)
        whole = function + sum(_unzipped(folder / archive) for archive in archives) / MEGABYTE
        _within(f"{properties['Handler']} with layers", whole, WITH_LAYERS_MEGABYTES)
        wholes[" + ".join(Path(archive).stem for archive in archives)] = whole
    return lines + [
        f"with {name:<27} {whole:6.1f} MB of {WITH_LAYERS_MEGABYTES}" for name, whole in wholes.items()
    ]


def _within(what: str, measured: float, budget: int) -> None:
    if measured > budget:
        raise CheckFailed(f"{what} weighs {measured:.1f} MB, more than {budget}")


def _unzipped(archive: Path) -> int:
    with zipfile.ZipFile(archive) as zipped:
        return sum(entry.file_size for entry in zipped.infolist())


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The archives of an artefact, each in a folder of its own under `folder`."""

    folder: Path

    @classmethod
    def of(cls, artefact: Path, folder: Path) -> "Unpacked":
        for archive in artefact.glob("*.zip"):
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(folder / archive.stem)
        return cls(folder)

    def paths(self, template: Mapping[str, Any], properties: Mapping[str, Any]) -> list[str]:
        """Where a function finds modules, as Lambda lays it out."""
        layers = [self.folder / Path(name).stem / "python" for name in _layers(template, properties)]
        return [str(path) for path in (self.folder / "function", *layers)]


def _layers(template: Mapping[str, Any], properties: Mapping[str, Any]) -> list[str]:
    """The archives of a function's layers."""
    names = [layer["Ref"] for layer in properties["Layers"]]
    return [template["Resources"][name]["Properties"]["ContentUri"] for name in names]


def functions(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The Lambda functions of a template: logical id and properties."""
    for name, resource in sorted(template["Resources"].items()):
        if resource.get("Type") == "AWS::Serverless::Function":
            yield name, resource["Properties"]


def compiled_for(template: Mapping[str, Any], folder: Path) -> str:
    """Every compiled module must be of the template's processor and Python."""
    properties = next(properties for _, properties in functions(template))
    architecture, runtime = properties["Architectures"][0], properties["Runtime"]
    tag = "cpython-" + runtime.removeprefix("python").replace(".", "")
    modules = sorted(folder.rglob("*.so*"))
    for module in modules:
        machine = int.from_bytes(module.read_bytes()[18:20], "little")
        if machine != ELF_MACHINES[architecture]:
            raise CheckFailed(f"{module.name} is not compiled for {architecture}")
        if ".cpython-" in module.name and f".{tag}-" not in module.name:
            raise CheckFailed(f"{module.name} is not compiled for {runtime}")
    return f"{len(modules)} compiled modules, all for {architecture} and {runtime}"


def importable(template: Mapping[str, Any], unpacked: Unpacked) -> list[str]:
    """Import each handler as Lambda does, from the archives alone."""

    def load(named: tuple[str, Mapping[str, Any]]) -> str:
        name, properties = named
        paths = unpacked.paths(template, properties)
        took = _isolated(_IMPORT, properties["Handler"], *paths, what=f"the handler of {name}")
        return f"{name:<20} imports in {took.strip():>4} ms of CPU"

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(load, functions(template)))


def answers(template: Mapping[str, Any], unpacked: Unpacked) -> str:
    """Hand the API function a request as API Gateway writes it."""
    answer = _answer(template, unpacked, "APIHandler", proxy_event("GET", "/health"), what="GET /health")
    stamp = (unpacked.folder / "function" / "build.txt").read_text(encoding="utf-8")
    if answer["statusCode"] != 200 or json.loads(answer["body"])["build"] != stamp:
        raise CheckFailed(f"GET /health answers {answer}")
    return f"GET /health answers 200 {answer['body']}"


def suggests(template: Mapping[str, Any], unpacked: Unpacked) -> str:
    """Ask the search worker, with its layer and the index that was packaged, for a code that is plain."""
    event = {"correlation_id": "check", "asked": {"text": "Cotton T-shirt", "most": 5}}
    answer = _answer(template, unpacked, "CustomsSearch", event, what="a search for HS codes")
    codes = [found["hs_code"] for found in answer["found"]]
    if "610910" not in codes:
        raise CheckFailed(f"the search worker finds {codes} for a cotton T-shirt")
    return f"the search worker finds {codes}"


def prints(template: Mapping[str, Any], unpacked: Unpacked) -> str:
    """Write papers with Chinese text by what the job of papers finds."""
    paths = unpacked.paths(template, template["Resources"]["OrdersPapers"]["Properties"])
    said = _isolated(_PRINT, *paths, what="writing papers")
    return f"papers of {' + '.join(said.split())} bytes are written, their fonts embedded"


def _answer(
    template: Mapping[str, Any], unpacked: Unpacked, function: str, event: Mapping[str, Any], *, what: str
) -> Any:
    properties = template["Resources"][function]["Properties"]
    paths = unpacked.paths(template, properties)
    said = _isolated(_ANSWER, properties["Handler"], json.dumps(event), *paths, what=what, root=paths[0])
    return json.loads(said.strip().splitlines()[-1])


def proxy_event(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    """A request as a REST API hands it to a Lambda function (payload 1.0).

    Source: "Input format of a Lambda function for proxy integration" in the API Gateway developer guide.
    """
    headers = {"Accept": "application/json", "Host": "abcdefghij.execute-api.eu-central-1.amazonaws.com"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "abcdefghij",
            "httpMethod": method,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "check"},
            "path": f"/api{path}",
            "protocol": "HTTP/1.1",
            "requestId": "00000000-0000-4000-8000-000000000000",
            "requestTime": "22/Nov/2026:10:00:00 +0000",
            "requestTimeEpoch": 1795341600000,
            "resourceId": "abc123",
            "resourcePath": path,
            "stage": "api",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _isolated(script: str, *arguments: str, what: str, root: str = "") -> str:
    environment = {
        "LAMBDA_TASK_ROOT": root,
        "AWS_ACCESS_KEY_ID": "check",
        "AWS_SECRET_ACCESS_KEY": "check",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1",
        "ENTREPOT_STAGE": "check",
    }
    command = [sys.executable, "-I", "-S", "-c", script, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise CheckFailed(f"{what} fails from the archives alone:\n{done.stderr.strip()}")
    return done.stdout


def linted(folder: Path, template: dict[str, Any]) -> list[str]:
    """Lint the template as merged and as CloudFormation will see it."""
    translated = folder / "translated.json"
    translated.write_text(json.dumps(translate(template), indent=1, sort_keys=True), encoding="utf-8")
    for path in (folder / "template.json", translated):
        linter = str(Path(sys.executable).with_name("cfn-lint"))
        command = [linter, "--format", "parseable", "--regions", "eu-central-1", "--", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CheckFailed(f"cfn-lint finds in {path.name}:\n{(done.stdout + done.stderr).strip()}")
    return ["cfn-lint is content with the merged and the translated template"]


def translate(template: dict[str, Any]) -> dict[str, Any]:
    """The template after the transform that CloudFormation applies to it."""
    from samtranslator.public.translator import ManagedPolicyLoader
    from samtranslator.translator.transform import transform

    class NoPolicies(ManagedPolicyLoader):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(None)

        def load(self) -> dict[str, str]:
            return {}

    uploaded = copy.deepcopy(template)
    for resource in uploaded["Resources"].values():
        for place in ("CodeUri", "ContentUri"):
            if place in resource.get("Properties", {}):
                resource["Properties"][place] = {"Bucket": "artefacts", "Key": resource["Properties"][place]}
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the transform asks for one and calls nobody
    translated: dict[str, Any] = transform(uploaded, {}, NoPolicies())
    return translated
