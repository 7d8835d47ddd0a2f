"""The shapes of stored data, their epoch, and whether older code can read what newer code writes (ADR 0091).

`shapes.json` holds what rows, their documents and published events look like. `python -m infra.delivery.shapes` brings
it up to date after a change of any of them, and raises the epoch where the code before could not read what is written
now. A release is never taken back over a raised epoch. A test fails while the file and the code differ.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

Shape = dict[str, Any]

FILE: Final = Path(__file__).with_name("shapes.json")
_TOLD: Final = (
    "type",
    "enum",
    "const",
    "items",
    "prefixItems",
    "anyOf",
    "properties",
    "required",
    "additionalProperties",
)
"""What of a JSON Schema decides whether a document can be read; the rest describes."""


def epoch(file: Path = FILE) -> int:
    """The epoch of the data that the present code writes."""
    return int(json.loads(file.read_text(encoding="utf-8"))["epoch"])


def present() -> dict[str, Shape]:
    """Every row and event of the code: name → shape."""
    os.environ.setdefault("ENTREPOT_STAGE", "shapes")
    importlib.import_module("app")
    from infra import event_schemas

    rows = {f"row {name}": shape for name, shape in _rows()}
    return rows | {f"event {kind.NAME}": plain(event_schemas.schema(kind)) for kind in event_schemas.events()}


def _rows() -> Iterator[tuple[str, Shape]]:
    import msgspec

    from entrepot.cloud.rows import Document, Row

    waiting: list[type[Row]] = [Row]
    while waiting:
        kind = waiting.pop()
        below = kind.__subclasses__()
        waiting += below
        if below or not kind.__module__.startswith(("functions.", "entrepot.")):
            continue
        attributes = kind.get_attributes()
        properties = {
            attribute.attr_name: plain(msgspec.json.schema(attribute._decoder.type))
            if isinstance(attribute, Document)
            else {"type": attribute.attr_type}
            for attribute in attributes.values()
        }
        required = sorted(one.attr_name for one in attributes.values() if not one.null)
        yield (
            f"{kind.Meta.table_name.rpartition('-')[2]} {kind.__name__}",
            {"type": "object", "properties": properties, "required": required},
        )


def plain(schema: Mapping[str, Any]) -> Shape:
    """A JSON Schema without words, its references put in their places; one that holds itself ends with its name."""
    shape: Shape = _plain(schema, schema.get("$defs", {}), ())
    return shape


def _plain(schema: Any, parts: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"type": name} if name in within else _plain(parts[name], parts, (*within, name))
    kept: Shape = {key: schema[key] for key in _TOLD if key in schema}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), Mapping):
            kept[key] = _plain(kept[key], parts, within)
    for key in ("anyOf", "prefixItems"):
        if key in kept:
            kept[key] = [_plain(one, parts, within) for one in kept[key]]
    if "properties" in kept:
        kept["properties"] = {
            name: _plain(one, parts, within) for name, one in sorted(kept["properties"].items())
        }
    for key in ("required", "enum"):
        if key in kept:
            kept[key] = sorted(kept[key], key=str)
    return kept


def unreadable(older: Mapping[str, Shape], newer: Mapping[str, Shape]) -> list[str]:
    """Why code that knows the shapes `older` cannot read what code with `newer` writes; nothing where it can.

    What is new altogether the older code never asks for. Fields it does not know it passes over.
    """
    return [
        f"{name}{why}"
        for name in sorted(older.keys() & newer.keys())
        for why in _unread(older[name], newer[name])
    ]


def _unread(older: Shape, newer: Shape) -> Iterator[str]:
    """Why a value of the shape `newer` is none of `older`: each a place and a reason."""
    alternatives = newer.get("anyOf", [newer])
    accepted = older.get("anyOf", [older])
    for one in alternatives:
        told = [list(_unread_one(known, one)) for known in accepted]
        if all(told):
            yield from min(told, key=len)


def _unread_one(older: Shape, newer: Shape) -> Iterator[str]:
    if older == newer or not older:
        return
    if older.get("type") != newer.get("type"):
        yield f": {_named(newer)} instead of {_named(older)}"
        return
    values, known = _values(newer), _values(older)
    if known is not None and (values is None or not values <= known):
        unknown = sorted(map(str, (values or set()) - known))
        yield f": {', '.join(unknown) or 'any value'} is unknown to it"
    yield from _unread_fields(older, newer)
    for key, place in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(older.get(key), dict) and isinstance(newer.get(key), dict):
            yield from (f"{place}{why}" for why in _unread(older[key], newer[key]))
    if len(older.get("prefixItems", [])) != len(newer.get("prefixItems", [])):
        yield ": a tuple of another length"
    for at, (one, two) in enumerate(
        zip(older.get("prefixItems", []), newer.get("prefixItems", []), strict=False)
    ):
        yield from (f"[{at}]{why}" for why in _unread(one, two))


def _unread_fields(older: Shape, newer: Shape) -> Iterator[str]:
    was, now = older.get("properties", {}), newer.get("properties", {})
    for name in sorted(set(older.get("required", [])) - now.keys()):
        yield f".{name}: no longer there, and it needs it"
    if older.get("additionalProperties") is False:
        for name in sorted(now.keys() - was.keys()):
            yield f".{name}: it takes no field that it does not know"
    for name in sorted(was.keys() & now.keys()):
        yield from (f".{name}{why}" for why in _unread(was[name], now[name]))


def _values(shape: Shape) -> set[Any] | None:
    if "const" in shape:
        return {shape["const"]}
    return set(shape["enum"]) if "enum" in shape else None


def _named(shape: Shape) -> str:
    return str(shape.get("type") or shape.get("const") or "one of several values")


def main() -> int:
    """Bring the file up to date with the code."""
    found = present()
    before = _committed() or {"epoch": 1, "shapes": found}
    broken = unreadable(before["shapes"], found)
    number = before["epoch"] + bool(broken)
    for why in broken:
        print(f"the code before cannot read {why}")
    print(f"epoch {number}{' (raised)' if broken else ''}: {len(found)} shapes")
    FILE.write_text(written(number, found), encoding="utf-8")
    return 0


def _committed() -> dict[str, Any] | None:
    """The file as it was committed last, so that trying and trying again raises nothing twice."""
    name = FILE.relative_to(Path(__file__).resolve().parents[2])
    command = ["git", "show", f"HEAD:{name.as_posix()}"]
    done = subprocess.run(command, cwd=FILE.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def written(number: int, found: Mapping[str, Shape]) -> str:
    """The file's text: a line for each shape."""
    lines = [f" {json.dumps(name)}: {json.dumps(found[name], sort_keys=True)}" for name in sorted(found)]
    return f'{{"epoch": {number}, "shapes": {{\n' + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    sys.exit(main())
