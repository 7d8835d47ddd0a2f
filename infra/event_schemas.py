"""A JSON Schema for every published event, in docs/events/: `python -m infra.event_schemas` writes them."""

import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from entrepot import contracts
from entrepot.contracts.events import Event
from infra.openapi import dedented

FOLDER: Final = Path(__file__).parents[1] / "docs" / "events"


def events() -> list[type[Event]]:
    """Every published event, by name."""
    found = set()
    for module in pkgutil.iter_modules(contracts.__path__):
        loaded = importlib.import_module(f"entrepot.contracts.{module.name}")
        found |= {
            kind
            for kind in vars(loaded).values()
            if isinstance(kind, type) and issubclass(kind, Event) and "NAME" in vars(kind)
        }
    return sorted(found, key=lambda kind: kind.NAME)


def schema(kind: type[Event]) -> dict[str, Any]:
    """The schema of an event's message: its fields, with its name and version."""
    (_,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    own = parts.pop(kind.__name__)
    properties = {
        "event": {"const": kind.NAME},
        "version": {"const": kind.VERSION},
        **own["properties"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.NAME,
        "description": _description(kind),
        "type": "object",
        "required": ["event", "version", *own["required"]],
        "properties": properties,
        **({"$defs": parts} if parts else {}),
    }


def _description(kind: type[Event]) -> str:
    # A dataclass without a docstring of its own is given its signature for one.
    own = kind.__doc__ or ""
    return "" if own.startswith(f"{kind.__name__}(") else inspect.cleandoc(own)


def files() -> dict[str, str]:
    """File name → text of every schema."""
    return {
        f"{kind.NAME}.v{kind.VERSION}.json": json.dumps(dedented(schema(kind)), indent=1, ensure_ascii=False)
        + "\n"
        for kind in events()
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for stale in FOLDER.glob("*.json"):
        stale.unlink()
    for name, content in files().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
    sys.stdout.write(f"{FOLDER.name}: {len(files())} schemas\n")
