"""The methods of dataclasses, compiled when the artefact was made.

`dataclasses` writes the source of about six methods for each class, and Python compiles it, whenever a module is
imported: a third of the start of a function that composes six contexts (ADR 93). In an artefact each context has a
file with what was compiled for it; where there is none, or it is another Python's, everything is as ever.
"""

import dataclasses
import importlib.util
import marshal
import sys
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Final

FILE: Final = "dataclasses.bin"
MARSHAL_VERSION: Final = 2
"""The last one without references, which depend on who else holds an object: the same sources make the same bytes."""


def install() -> None:
    """`dataclasses` executes what it has written by the `exec` that it finds in its own module, and then ours."""
    setattr(dataclasses, "exec", _exec)  # noqa: B010  it has no such name of its own


def packed(codes: dict[str, CodeType]) -> bytes:
    """The content of a file: Python's magic number, then code objects by their source."""
    return importlib.util.MAGIC_NUMBER + marshal.dumps(dict(sorted(codes.items())), MARSHAL_VERSION)


def context_of(module: str) -> str:
    """Which package holds the file of a module: `functions.orders`, `entrepot`; empty where nobody made one."""
    parts = module.split(".")
    if parts[0] == "functions" and len(parts) > 1:
        return ".".join(parts[:2])
    return parts[0] if parts[0] == "entrepot" else ""


def _exec(source: str, names: dict[str, Any], namespace: dict[str, Any]) -> None:
    context = context_of(str(names.get("__name__", "")))
    code = _compiled(context).get(source) if context else None
    exec(source if code is None else code, names, namespace)


@cache
def _compiled(context: str) -> dict[str, CodeType]:
    try:
        content = Path(sys.modules[context].__path__[0], FILE).read_bytes()
    except FileNotFoundError:
        return {}
    magic = importlib.util.MAGIC_NUMBER
    if not content.startswith(magic):
        return {}
    codes: dict[str, CodeType] = marshal.loads(content[len(magic) :])
    return codes
