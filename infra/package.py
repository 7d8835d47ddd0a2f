"""Builds the artefact: archives and one template, from the same sources for AWS or for this machine.

`python -m infra.package --target aws` leaves `build/aws/{function.zip, layer-*.zip, template.json}` and checks them.
Chalice reads the application and makes functions, routes and event sources of it; the rest of the template comes from
`resources.yaml` and `estate.py`; the packages come from pip by the pinned set (ADR 0010).
"""

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra import checks, estate, hs_index, precompiled, targets
from infra.artefact import BuildFailed, compile_tree, copy_sources, dependencies, digest, write_archive
from infra.targets import Target, UnsupportedHost

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ("app.py", "functions", "layers", ".chalice", "requirements.txt", "infra/resources.yaml")
BUILDERS: Final = ("estate", "watch", "targets", "artefact", "package", "hs_index", "precompiled")
REGION: Final = "eu-central-1"
BUILD: Final = "build.txt"
"""The file of the functions' archive that says what they were built from."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """What `make package` leaves behind."""

    folder: Path
    target: Target

    @property
    def function(self) -> Path:
        return self.folder / "function.zip"

    @property
    def build(self) -> str:
        """What the packaged API answers as its build at `GET /health`: twelve hexadecimal digits."""
        with zipfile.ZipFile(self.function) as zipped:
            return zipped.read(BUILD).decode()

    @property
    def archives(self) -> list[Path]:
        """All that the template points at."""
        return [self.function, *sorted(self.folder.glob("layer-*.zip"))]

    @property
    def template(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "template.json").read_text(encoding="utf-8"))
        return loaded


def build(target: Target, root: Path = ROOT) -> Artefact:
    """The artefact of the present sources; built only if they changed.

    Raises: BuildFailed.
    """
    folder = root / "build" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        stamp = folder / "sources.sha256"
        sources = _sources_digest(target, root)
        if stamp.exists() and stamp.read_text(encoding="utf-8") == sources:
            return Artefact(folder, target)
        stamp.unlink(missing_ok=True)
        _build(target, root, folder)
        stamp.write_text(sources, encoding="utf-8")
    return Artefact(folder, target)


def made_of(artefact: Artefact, root: Path = ROOT) -> bool:
    """Whether an artefact was built of the sources that lie here, for its target and by this Python."""
    stamp = artefact.folder / "sources.sha256"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _sources_digest(artefact.target, root)


def _sources_digest(target: Target, root: Path) -> str:
    builders = [root / "infra" / f"{name}.py" for name in BUILDERS]
    paths = [root / name for name in SOURCES if name != ".chalice"]
    paths += [*sorted((root / ".chalice").glob("*.json")), *builders]
    return digest(paths, root, repr(target), target.runtime)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One build of a target at a time."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(target: Target, root: Path, folder: Path) -> None:
    cache = root / ".entrepot" / "cache"
    packages = dependencies(target, root / "requirements.txt", cache)
    project, made, layer = folder / "project", folder / "chalice", folder / "layer"
    for stale in (project, made, layer, folder / "own"):
        shutil.rmtree(stale, ignore_errors=True)
    for archive in folder.glob("*.zip"):
        archive.unlink()
    _stage_project(target, root, project)
    template = _chalice_package(project, made)
    copy_sources(root / "layers" / "shared", layer)
    compile_tree(layer)
    for name in estate.LAYERS:
        heavy = dependencies(target, root / "layers" / name / "requirements.txt", cache)
        write_archive(folder / f"layer-{name}.zip", [heavy], under="python/")
    own = _own(made / "deployment.zip", folder)
    precompiled.write(root, own, layer / "python")
    whole = [own, packages, layer, *sorted(folder.glob("layer-*.zip"))]
    (own / BUILD).write_text(digest(whole, root)[:12], encoding="utf-8")
    write_archive(folder / "function.zip", [own, packages])
    write_archive(folder / "layer-shared.zip", [layer])
    _localise(template, target)
    (folder / "template.json").write_text(
        json.dumps(template, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    for scratch in (project, made, layer, folder / "own"):
        shutil.rmtree(scratch)


def _stage_project(target: Target, root: Path, project: Path) -> None:
    """A copy for Chalice to work in, so that its cache never outlives a build; without packages, which are ours."""
    project.mkdir()
    shutil.copy(root / "app.py", project / "app.py")
    copy_sources(root / "functions", project / "vendor" / "functions")
    copy_sources(root / "layers" / "shared" / "python", project / "layer")
    settings = project / ".chalice"
    settings.mkdir()
    for policy in (root / ".chalice").glob("policy-*.json"):
        shutil.copy(policy, settings)
    config = json.loads((root / ".chalice" / "config.json").read_text(encoding="utf-8"))
    config["lambda_architecture"] = target.architecture
    (settings / "config.json").write_text(json.dumps(config), encoding="utf-8")
    merge = json.dumps(estate.merge_template(root))
    (project / "resources.json").write_text(merge, encoding="utf-8")


def _chalice_package(project: Path, made: Path) -> dict[str, Any]:
    search = f"{project / 'vendor'}{os.pathsep}{project / 'layer'}"
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", str(project)),
        "PYTHONPATH": search,
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": REGION,
    }
    command = [sys.executable, "-c", "from chalice.cli import main; raise SystemExit(main())", "package"]
    command += ["--stage", "prod", "--merge-template", "resources.json", str(made)]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    if done.returncode != 0 or "Could not install" in said:
        raise BuildFailed(f"Chalice could not package the application:\n{said.strip()}")
    template: dict[str, Any] = json.loads((made / "sam.json").read_text(encoding="utf-8"))
    nameless = sorted(name for name, resource in template["Resources"].items() if "Type" not in resource)
    unknown = sorted(name for name, found in checks.functions(template) if "FunctionName" not in found)
    if nameless or unknown:
        raise BuildFailed(f"estate.py and app.py differ: only there {nameless}, only here {unknown}")
    return template


def _own(deployment: Path, folder: Path) -> Path:
    """What is ours of the functions' archive."""
    own = folder / "own"
    shutil.unpack_archive(deployment, own)
    if not (own / "functions").is_dir():
        raise BuildFailed("Chalice left out functions/")
    hs_index.write(own)
    compile_tree(own)
    return own


def _localise(template: dict[str, Any], target: Target) -> None:
    """Point the template at the archives beside it."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = "function.zip"
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = f"layer-{Path(properties['ContentUri']).name}.zip"
            properties["CompatibleRuntimes"] = [target.runtime]
            properties["CompatibleArchitectures"] = [target.architecture]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--target", choices=sorted(targets.BY_NAME), default="aws")
    parser.add_argument("--no-lint", action="store_true", help="leave cfn-lint out")
    options = parser.parse_args(arguments)
    try:
        artefact = build(targets.BY_NAME[options.target]())
        print(
            f"built for {artefact.target.architecture}, {artefact.target.runtime}: {artefact.folder}",
            flush=True,
        )
        report = checks.run(artefact.folder, native=artefact.target.native, lint=not options.no_lint)
    except (BuildFailed, UnsupportedHost, checks.CheckFailed) as failure:
        print(f"package: {failure}", file=sys.stderr)
        return 1
    print(report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
