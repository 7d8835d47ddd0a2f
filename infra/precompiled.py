"""Compiles the methods of all dataclasses while the artefact is packaged; `entrepot.precompiled` takes them from there.

Run as a program it imports every module of ours in a process of its own, and writes a file for each context.
"""

import dataclasses
import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from infra.artefact import BuildFailed
from infra.estate import LAYERS


def write(root: Path, functions: Path, layer: Path) -> None:
    """Put a file beside each context below `functions`, and one beside what they share below `layer`.

    The sources below `root` are the same as those. Raises: BuildFailed: a module of ours cannot be imported.
    """
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join((str(root), str(root / "layers" / "shared" / "python"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    command = [sys.executable, "-m", "infra.precompiled", str(functions), str(layer)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"The dataclasses could not be compiled: {done.stderr.strip().splitlines()[-1]}")


def _record() -> dict[str, dict[str, CodeType]]:
    """For each context the compiled methods of its dataclasses, by their source."""
    from entrepot import precompiled

    seen: dict[str, dict[str, CodeType]] = {}

    def recording(source: str, names: dict[str, Any], namespace: dict[str, Any]) -> None:
        code = compile(source, "<dataclass>", "exec", dont_inherit=True)
        if context := precompiled.context_of(str(names.get("__name__", ""))):
            seen.setdefault(context, {})[source] = code
        exec(code, names, namespace)

    setattr(dataclasses, "exec", recording)  # noqa: B010  as entrepot.precompiled does
    # Whatever is installed here, the same is recorded: what only a layer brings is left to whoever has that layer.
    heavy = _heavy()
    for package in heavy:
        sys.modules[package] = None  # type: ignore[assignment]
    for module in _modules("entrepot", "functions"):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as missing:
            if missing.name not in heavy:
                raise
    return seen


def _heavy() -> set[str]:
    """The packages of the heavy layers, by the names of their modules."""
    root = Path(__file__).parents[1]
    lines = [
        line
        for layer in LAYERS
        for line in (root / "layers" / layer / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ]
    return {line.partition("==")[0].replace("-", "_") for line in lines if "==" in line}


def _modules(*packages: str) -> Iterator[str]:
    for package in packages:
        path = importlib.import_module(package).__path__
        yield from (found.name for found in pkgutil.walk_packages(path, f"{package}."))


def main() -> None:
    from entrepot import precompiled

    folders = {"functions": Path(sys.argv[1]), "entrepot": Path(sys.argv[2])}
    for context, codes in _record().items():
        first, *rest = context.split(".")
        (folders[first].joinpath(first, *rest) / precompiled.FILE).write_bytes(precompiled.packed(codes))


if __name__ == "__main__":
    main()
