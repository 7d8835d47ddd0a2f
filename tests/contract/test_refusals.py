"""A route declares every status that its use case refuses with: what its code can reach raises nothing else.

The code is read, not run: the functions that a handler names, those that they name, and the refusals named there. What
a function is handed, or a port leads to, is not followed; the tests' own client sees to that.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

import pytest

from entrepot.cloud.http import Route
from entrepot.cloud.problems import STATUS
from entrepot.kernel.refusals import Refusal
from infra.openapi_answers import refusals
from tests.integration.matrix.verdicts import registered

NEVER_TOLD = {
    "already_announced": "an event that was announced before is no news, and the use case goes on",
    "already_posted": "an entry that was posted before is the same entry",
    "declined": "a payment that its provider declines has failed, which is told as its state",
    "overtaken": "the write is made again from what stands there now",
    "merchant_exists": "ids are made up anew",
    "taken": "ids are made up anew",
    "unbalanced_entry": "entries are made by rules that balance",
    "no_such_day": "a schedule that is kept has such a day",
    "no_living_session": "a session that has ended already is ended",
    "not_living": "a session that has ended already is ended",
    "paper_moved": "whoever was first has asked for it",
    "papers_moved": "whoever was first has asked for them",
    "sku_taken": "of an unpublished product no SKU is claimed",
}
"""Refusals that a use case takes up itself, somewhere on the way, and why no caller sees them."""


@cache
def named(function: FunctionType) -> tuple[frozenset[type[Refusal]], frozenset[FunctionType]]:
    """The refusals and the functions of ours that a function names, but for what it catches and what it annotates."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = {**function.__globals__, **_imported(tree)}
    passed = {id(part) for node in ast.walk(tree) for kept in _not_meant(node) for part in ast.walk(kept)}
    found = [_value(node, names) for node in ast.walk(tree) if id(node) not in passed]
    kinds = frozenset(each for each in found if isinstance(each, type) and issubclass(each, Refusal))
    functions = frozenset(each for each in found if isinstance(each, FunctionType) and _is_ours(each))
    return kinds, functions


def reached(route: Route) -> dict[str, int]:
    """The codes that a route's handler can come upon, and their statuses."""
    handler: Any = route.handler
    seen: set[FunctionType] = set()
    waiting: list[FunctionType] = [handler]
    codes: dict[str, int] = {}
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        kinds, functions = named(function)
        codes |= {kind.code: STATUS[kind.kind] for kind in kinds if hasattr(kind, "code")}
        waiting += functions
    return codes


def undeclared(route: Route) -> dict[str, int]:
    known = refusals(route) | {401, 403}
    return {
        code: status
        for code, status in reached(route).items()
        if status not in known and code not in NEVER_TOLD
    }


@pytest.mark.parametrize("route", registered(), ids=lambda route: f"{route.method} {route.path}")
def test_a_route_declares_what_its_use_case_refuses(route: Route) -> None:
    assert {} == undeclared(route)


def test_a_refusal_that_is_not_declared_is_found() -> None:
    (route,) = (each for each in registered() if (each.method, each.path) == ("POST", "/v1/orders"))
    object.__setattr__(route, "refuses", (404, 422))
    try:
        found = undeclared(route)
    finally:
        object.__setattr__(route, "refuses", (404, 409, 422))

    assert {"quote_used", "quote_expired", "out_of_stock"} <= found.keys()


def _imported(tree: ast.AST) -> dict[str, Any]:
    """What a function imports only when it is called."""
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = import_module(node.module)
            for each in node.names:
                if not hasattr(module, each.name):
                    import_module(f"{node.module}.{each.name}")
                found[each.asname or each.name] = getattr(module, each.name)
    return found


def _not_meant(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        yield node.type
    if isinstance(node, ast.arg) and node.annotation is not None:
        yield node.annotation


def _value(node: ast.AST, names: dict[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        holder = _value(node.value, names)
        return getattr(holder, node.attr, None) if isinstance(holder, ModuleType | type) else None
    return None


def _is_ours(function: FunctionType) -> bool:
    return function.__module__.startswith(("functions.", "entrepot."))
