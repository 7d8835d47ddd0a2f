"""Compares a JSON document with the SDK's declared types, field by field."""

from __future__ import annotations

import types
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import stripe
from stripe._stripe_object import StripeObject, UntypedStripeObject


def complaints(document: object, declared: Any, path: str = "") -> list[str]:
    """Where the document departs from the declared type: missing, unknown and wrongly typed fields."""
    if isinstance(declared, ForwardRef):
        declared = getattr(stripe, declared.__forward_arg__)
    if declared is Any:
        return []
    origin = get_origin(declared)
    if origin in (Union, types.UnionType):
        return _union(document, get_args(declared), path)
    if origin is Literal:
        return [] if document in get_args(declared) else [f"{path}: {document!r} is not one of its values"]
    if origin is list:
        return _items(document, get_args(declared)[0], path)
    if origin is UntypedStripeObject or declared is UntypedStripeObject:
        return [] if isinstance(document, dict) else [f"{path}: no object"]
    if origin is stripe.ListObject:
        return _items(document["data"] if isinstance(document, dict) else None, get_args(declared)[0], path)
    if isinstance(declared, type) and issubclass(declared, StripeObject):
        return _fields(document, declared, path)
    if declared is float:
        declared = (int, float)
    fits = isinstance(document, declared) and not (declared is int and isinstance(document, bool))
    return [] if fits else [f"{path}: {document!r} is not {declared}"]


def _union(document: object, choices: tuple[Any, ...], path: str) -> list[str]:
    if document is None:
        return [] if type(None) in choices else [f"{path}: null"]
    literals = [choice for choice in choices if get_origin(choice) is Literal]
    if literals and isinstance(document, str):
        # The SDK allows any string beside its list, for values to come; those of today are on the list.
        choices = tuple(literals)
    if isinstance(document, str) and str in choices:
        return []  # an id where the object itself may stand
    tried = [complaints(document, choice, path) for choice in choices if choice is not type(None)]
    return min(tried, key=len)


def _items(document: object, declared: Any, path: str) -> list[str]:
    if not isinstance(document, list):
        return [f"{path}: no list"]
    return [found for item in document for found in complaints(item, declared, f"{path}[]")]


def _fields(document: object, declared: type, path: str) -> list[str]:
    if not isinstance(document, dict):
        return [f"{path}: no object"]
    # OBJECT_NAME is of the class, all else of the object.
    fields = {name: kind for name, kind in declared.__annotations__.items() if name != "OBJECT_NAME"}
    found = [f"{path}.{name}: unknown" for name in document if name not in fields]
    for name, kind in fields.items():
        optional = type(None) in get_args(kind)
        if name in document:
            found += complaints(document[name], kind, f"{path}.{name}")
        elif not optional:
            found.append(f"{path}.{name}: missing")
    return found
