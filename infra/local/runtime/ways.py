"""How a function is kept from writing, by what this machine permits."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from infra.local.runtime import confine
from infra.local.setup import Hindrance

PYTHON: Final = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
_PREFIX: Final = os.path.realpath(sys.base_prefix)
_SYSTEM: Final = ("/usr", "/bin", "/lib", "/lib64")
_FILES: Final = (
    *(f"/dev/{name}" for name in ("null", "zero", "random", "urandom")),
    *(
        f"/etc/{name}"
        for name in ("ld.so.cache", "hosts", "resolv.conf", "nsswitch.conf", "ssl", "localtime")
    ),
)


class Way(StrEnum):
    """In order of preference: as Lambda lays it out, by root or in a user namespace; or only forbidden to write."""

    ROOT = "root"
    USER = "user"
    LANDLOCK = "landlock"


@cache
def ways_here() -> tuple[Way, ...]:
    """Those that this machine and this user permit, tried out."""
    return tuple(way for way in Way if _works(way))


def best_way() -> Way:
    """Raises: Hindrance: there is none."""
    if not ways_here():
        raise Hindrance("This machine permits neither namespaces nor Landlock; functions cannot be confined.")
    return ways_here()[0]


def specification(
    way: Way,
    scratch: Path,
    places: Mapping[str, Path],
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: str,
    report: int,
) -> str:
    """What `confine.py` takes. `places`: what to show where, beside the system and Python itself."""
    shown = [[str(what), where] for where, what in places.items()]
    shown += [[path, path] for path in _SYSTEM if Path(path).is_dir() and not Path(path).is_symlink()]
    shown += [[path, path] for path in _FILES if Path(path).exists()]
    if not _PREFIX.startswith("/usr"):
        shown.append([_PREFIX, _PREFIX])
    whole: dict[str, Any] = {
        "way": way,
        "root": str(scratch),
        "scratch": str(scratch),
        "shown": [*shown, ["/proc", "/proc"]],
        "links": [[os.readlink(path), path] for path in _SYSTEM if Path(path).is_symlink()],
        "command": list(command),
        "environment": dict(environment),
        "folder": folder,
        "report": report,
    }
    return json.dumps(whole)


def launcher(specified: str) -> list[str]:
    return [PYTHON, "-I", "-S", confine.__file__, specified]


def _works(way: Way) -> bool:
    if way is Way.ROOT and os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as scratch, open(os.devnull, "wb") as nowhere:
        command = [PYTHON, "-I", "-S", "-c", "pass"]
        specified = specification(way, Path(scratch), {}, command, {}, "/", nowhere.fileno())
        done = subprocess.run(
            launcher(specified), pass_fds=[nowhere.fileno()], capture_output=True, timeout=30, check=False
        )
    return done.returncode == 0
