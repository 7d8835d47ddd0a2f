"""Fields that nobody may give themselves: sent to every route that takes a body, at every place of it."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import msgspec

from entrepot.cloud.http import Route
from tests.contract.authorisation import ANONYMOUS, Matrix, outcomes, shape
from tests.integration.matrix.callers import COLUMNS, Caller
from tests.integration.matrix.verdicts import REQUESTS, sent
from tests.integration.matrix.world import World

FORGED: Final[dict[str, Any]] = {
    "id": "<~member>",
    "member_id": "<~member>",
    "merchant_id": "<~merchant>",
    "role": "operator",
    "status": "paid",
    "tier": "gold",
    "revision": 7,
    "created_at": "2020-01-01T00:00:00Z",
    "verified_at": "2020-01-01T00:00:00Z",
    "password_hash": "$argon2id$",
    "total": {"amount": 1, "currency": "EUR"},
}
TAKEN: Final = {
    ("StaffBody", "role"),
    ("PlatformStaffBody", "role"),
    ("OutcomeBody", "status"),
}
"""The bodies that do name such a field: an invitation is for a role, and a bank tells how a payout ended."""


def structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Every struct that a body is made of."""
    found: dict[str, type[msgspec.Struct]] = {}

    def look(node: Any) -> None:
        if isinstance(node, msgspec.inspect.StructType) and node.cls.__name__ not in found:
            found[node.cls.__name__] = node.cls
            for each in node.fields:
                look(each.type)
        for name in ("item_type", "value_type", "key_type"):
            if hasattr(node, name):
                look(getattr(node, name))
        for each in getattr(node, "types", ()) or getattr(node, "item_types", ()):
            look(each)

    look(msgspec.inspect.type_info(kind))
    yield from found.values()


def named_by_bodies(routes: list[Route]) -> set[tuple[str, str]]:
    """Which of the FORGED fields a body names."""
    return {
        (struct.__name__, field)
        for route in routes
        if route.body is not None
        for struct in structs(route.body)
        for field in struct.__struct_encode_fields__
        if field in FORGED
    }


def let_through(world: World, expected: Matrix, routes: list[Route]) -> Iterator[str]:
    """Where a field that a body does not name was taken, or was refused and something was written."""
    for route in routes:
        key = route.method, shape(route.path)
        asked = REQUESTS[key]
        if route.body is None:
            continue
        caller = _let_in(world, expected[key])
        assert isinstance(asked.body, dict), f"{route.method} {route.path}: no body to add to"
        for place in _objects(asked.body):
            for field, value in FORGED.items():
                forged = _with(asked.body, place, field, value)
                if forged is None or (route.body.__name__, field) in TAKEN:
                    continue
                answer, touched = sent(world, replace(asked, body=forged, before=None), caller)
                if (answer.status, answer.code) != (400, "invalid_request") or touched:
                    yield f"{route.method} {route.path} {'.'.join(map(str, place))} {field}: {answer.status}"


def _let_in(world: World, row: dict[str, str]) -> Caller:
    """Somebody who may make the request: staff before whoever comes by."""
    names = [name for name in COLUMNS if outcomes(row, COLUMNS[name])[0] in ("allow", "token")]
    return world.callers[next((name for name in names if name != ANONYMOUS), ANONYMOUS)]


def _objects(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every object in a body."""
    if isinstance(value, dict):
        yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from _objects(each, (*place, name))


def _with(body: Any, place: tuple[str | int, ...], field: str, value: Any) -> Any:
    """A copy with one more field there; None where there is one of that name."""
    copied = deepcopy(body)
    at = copied
    for step in place:
        at = at[step]
    if field in at:
        return None
    at[field] = value
    return copied
