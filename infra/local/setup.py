"""Virtual environments with pinned sets, made once and told in one line. Standard library only: it runs before them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Hindrance(Exception):
    """Something of this machine stands in the way; the message is one line for its owner."""


def environment(folder: Path, requirements: Path, label: str) -> Path:
    """The Python of a virtual environment that holds at least `requirements`.

    Raises: Hindrance: no right to write, no venv module, a package that cannot be fetched.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f".{folder.name.lstrip('.')}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one preparation at a time
            return _prepared(folder, requirements, label)
    except PermissionError as refused:
        raise Hindrance(f"No right to write {refused.filename or folder}.") from None
    except OSError as failed:
        raise Hindrance(f"Cannot prepare {folder}: {failed.strerror or failed}.") from None


def _prepared(folder: Path, requirements: Path, label: str) -> Path:
    python = folder / "bin" / "python"
    stamp = folder / f"{requirements.stem}.sha256"
    wanted = _wanted(requirements)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and python.exists():
        return python
    if not _of_this_version(python):
        shutil.rmtree(folder, ignore_errors=True)
        _create(folder)
    _install(python, requirements, label)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def stand_in_environment() -> Path:
    """The Python of ministack's own environment, apart because it pins botocore. Raises: Hindrance."""
    requirements = ROOT / "requirements" / "ministack.txt"
    return environment(ROOT / ".entrepot" / "ministack", requirements, "the stand-in for AWS")


def _wanted(requirements: Path) -> str:
    """What is asked for: the file, the files it names with -r, and the Python that installs them."""
    text = requirements.read_text(encoding="utf-8")
    whole = hashlib.sha256(f"{sys.version_info[:3]} {sys.base_prefix}".encode())
    whole.update(text.encode())
    for line in text.splitlines():
        if line.startswith("-r "):
            whole.update(_wanted((requirements.parent / line[3:].strip()).resolve()).encode())
    return whole.hexdigest()


def _of_this_version(python: Path) -> bool:
    if not python.exists():
        return False
    asked = [str(python), "-c", "import sys; print(sys.version_info[:3])"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return answer.stdout.strip() == str(sys.version_info[:3])


def _create(folder: Path) -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run([base, "-m", "venv", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        said = done.stdout + done.stderr
        if "ensurepip" in said:
            raise Hindrance("This Python has no venv module; on Debian and Ubuntu: apt install python3-venv.")
        if "Permission denied" in said:
            raise Hindrance(f"No right to write {folder}.")
        raise Hindrance(f"Cannot make a virtual environment in {folder}: {said.strip().splitlines()[-1]}")


def _install(python: Path, requirements: Path, label: str) -> None:
    """Run pip and turn its talk into one line that moves, or into two lines where nobody watches."""
    total = _pins(requirements)
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--requirement", str(requirements)]
    line = Line(f"installing {label}")
    line.show(f"{total} packages")
    last: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        seen = 0
        for said in pip.stdout:
            last = [*last, said.strip()][-40:]
            words = said.split()
            if words and words[0] == "Collecting":
                seen += 1
                line.show(f"{seen} of {total}: {words[1].partition('==')[0]}", moving=True)
            elif said.startswith("Installing collected packages"):
                line.show("unpacking", moving=True)
    if pip.returncode != 0:
        line.end("failed")
        if any("Retrying (" in said for said in last):
            raise Hindrance(f"Could not download {label}: the package index cannot be reached; try again.")
        errors = [said for said in last if said.startswith("ERROR")] or last[-1:]
        raise Hindrance(f"Could not install {label}: {errors[0].removeprefix('ERROR: ')}")
    line.end("done")


def _pins(requirements: Path) -> int:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    nested = [requirements.parent / line[3:].strip() for line in lines if line.startswith("-r ")]
    return sum("==" in line for line in lines) + sum(map(_pins, nested))


class Line:
    """One line of progress: rewritten in place on a terminal, started and ended elsewhere."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._watched = sys.stdout.isatty()

    def show(self, text: str, *, moving: bool = False) -> None:
        if self._watched:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K  {self._label}: {text}"[: width + 4], end="", flush=True)
        elif not moving:
            print(f"  {self._label}: {text}", flush=True)

    def end(self, text: str) -> None:
        if self._watched:
            print(f"\r\033[K  {self._label}: {text}", flush=True)
        else:
            print(f"  {self._label}: {text}", flush=True)


def child_environment(**extra: str) -> dict[str, str]:
    """What a process of ours inherits: little, so that a developer's AWS settings never reach the stand-ins."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM", "TZ") if name in os.environ}
    search = f"{ROOT}{os.pathsep}{ROOT / 'layers' / 'shared' / 'python'}"
    return kept | {"PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"} | extra
