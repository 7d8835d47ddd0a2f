"""The files of an artefact: dependencies, bytecode, and archives that come out the same every time."""

import hashlib
import importlib.util
import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from infra.targets import Target

SERVICES: Final = frozenset(
    {"dynamodb", "kms", "lambda", "s3", "secretsmanager", "sesv2", "sns", "sqs", "sts"}
)
"""What the functions ask of AWS. botocore describes some four hundred services in 130 MB; only these are packaged."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class BuildFailed(Exception):
    """The artefact cannot be made; the message says why in one line."""


def dependencies(target: Target, requirements: Path, cache: Path) -> Path:
    """A folder with the pinned set installed for `target`, pruned and compiled; kept in `cache` by its content.

    Raises: BuildFailed: a pin has no wheel for the target, or cannot be fetched.
    """
    key = hashlib.sha256(requirements.read_bytes())
    key.update(repr((target, target.runtime, sorted(SERVICES), Path(__file__).read_bytes())).encode())
    folder = cache / f"{target.name}-{key.hexdigest()[:16]}"
    if folder.exists():
        return folder
    scratch = folder.with_suffix(f".{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    _install(target, requirements, scratch)
    _prune(scratch)
    compile_tree(scratch)
    scratch.rename(folder)
    return folder


def _install(target: Target, requirements: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", *target.pip_arguments]
    command += ["--target", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise BuildFailed(
            f"Could not install the functions' packages: {(errors or [done.stderr])[-1].strip()}"
        )


def _prune(folder: Path) -> None:
    """Leave out what no function reads: foreign service models, type stubs, tests, pip's own records and scripts."""
    data = folder / "botocore" / "data"
    services = {service.name: service for service in data.iterdir()} if data.exists() else {}
    for name, service in services.items():
        if service.is_dir() and name not in SERVICES:
            shutil.rmtree(service)
    if services and not services.keys() >= SERVICES:
        raise BuildFailed(f"botocore knows no service {sorted(SERVICES - services.keys())}")
    for junk in ("bin", "*/tests", "**/*.pyi", "*.dist-info/RECORD", "*.dist-info/direct_url.json"):
        for path in list(folder.glob(junk)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def copy_sources(source: Path, folder: Path) -> None:
    """Copy a source tree without bytecode or hidden files."""
    shutil.copytree(
        source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"), dirs_exist_ok=True
    )


def compile_tree(folder: Path) -> None:
    """Put bytecode beside each source that Python takes without looking at the source again.

    A function then starts without compiling, whatever times its unpacked files bear.
    """
    for source in sorted(folder.rglob("*.py")):
        relative = source.relative_to(folder)
        py_compile.compile(
            str(source),
            cfile=str(folder / importlib.util.cache_from_source(str(relative))),
            dfile=str(relative),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


def write_archive(archive: Path, folders: Iterable[Path], under: str = "") -> None:
    """One archive of several folders, in the order of its names, without times or owners; `under` begins each name.

    Raises: BuildFailed: two folders hold the same file.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                name = under + path.relative_to(folder).as_posix()
                if name in files:
                    raise BuildFailed(f"{name} would be packaged twice")
                files[name] = path
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as zipped:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            zipped.writestr(entry, files[name].read_bytes())


def digest(paths: Iterable[Path], root: Path, *extra: str) -> str:
    """A hash of files by name and content, folders taken whole."""
    whole = hashlib.sha256(repr(extra).encode())
    for start in paths:
        found = [start] if start.is_file() else (path for path in start.rglob("*") if path.is_file())
        for path in sorted(found):
            if "__pycache__" not in path.parts and path.suffix != ".pyc":
                whole.update(f"{path.relative_to(root)}\0".encode())
                whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
