"""The OpenAPI 3.1 document, made from what the routes declare: `python -m infra.openapi` writes it.

No kept library makes OpenAPI from Chalice; msgspec makes the schemas, the rest is this page (ADR 0005).
"""

import inspect
import json
import os
import re
import sys
import types
import typing
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("ENTREPOT_STAGE", "local")
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

import msgspec

from entrepot.cloud.basics import VERSION
from entrepot.cloud.call import Reply
from entrepot.cloud.http import Route
from entrepot.contracts.permissions import ANY, GRANTS, PUBLIC

DOCUMENT: Final = Path(__file__).parents[1] / "layers/shared/python/entrepot/contracts/openapi.json"

_SEE_OTHER: Final = 303
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "correlation_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable; never renamed"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "which field of the request is at fault"},
        "correlation_id": {"type": "string"},
    },
}
Schemas = dict[str, Any]

_TOKENS: Final = {
    "Cart-Token": (re.compile(r"^/v1/(carts/|quotes)"), "opens a guest's cart"),
    "Order-Token": (
        re.compile(r"^/v1/(orders/\{order_id\}$|orders/\{order_id\}/(cancel|payments)|shipments/)"),
        "opens a guest's order",
    ),
}


def document() -> dict[str, Any]:
    """The whole document, in a fixed order."""
    import app

    routes = sorted((route for api in app.APIS for route in api.routes), key=lambda r: (r.path, r.method))
    shapes = [shape for route in routes for shape in _shapes(route)]
    shown, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(map(_key, shapes), shown, strict=True))
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Entrepot",
            "version": VERSION,
            "description": "Cross-border commerce: one honest all-in price, from catalogue to settled statement.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8000", "description": "one machine"}],
        "paths": paths,
        "components": {
            "schemas": {**dict(sorted(components.items())), "Problem": _PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": {
                "Problem": {
                    "description": "a refusal, as RFC 9457 writes it",
                    "content": {
                        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                    },
                }
            },
        },
    }


def text() -> str:
    # Python ends a pattern with \\Z where ECMA 262, which OpenAPI names, writes $.
    return json.dumps(dedented(document()), indent=1, ensure_ascii=False).replace('\\\\Z"', '$"') + "\n"


def dedented(part: Any) -> Any:
    """The same with each description as Python 3.13 compiles docstrings: without the indentation of the source."""
    if isinstance(part, dict):
        return {
            name: inspect.cleandoc(value)
            if name == "description" and isinstance(value, str)
            else dedented(value)
            for name, value in part.items()
        }
    return [dedented(value) for value in part] if isinstance(part, list) else part


def answered(route: Route) -> Any:
    """The struct a route answers with; None for no body or one that is not ours to describe."""
    shown = route.returns
    if isinstance(shown, types.UnionType) or typing.get_origin(shown) is typing.Union:
        kinds = [kind for kind in typing.get_args(shown) if kind is not Reply]
        shown = kinds[0] if len(kinds) == 1 else None
    return None if shown in (None, Reply) else shown


def _shapes(route: Route) -> list[Any]:
    return [shape for shape in (route.body, route.form, answered(route)) if shape is not None]


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    doc = (route.handler.__doc__ or "").strip().split("\n\n")[0]
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "tags": [route.handler.__module__.split(".")[1]],
        "summary": route.handler.__name__.replace("_", " "),
        "description": " ".join(filter(None, (doc, _who(route)))),
        "security": [] if route.allow == PUBLIC else [{"bearer": []}],
        "parameters": [*_path_parameters(route), *_headers(route), *_query(route)],
        "responses": {
            str(route.status): _success(route, schemas),
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if route.allow == PUBLIC:
        operation["security"] = [{}, {"bearer": []}]
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[_key(route.body)]}},
        }
    if route.form is not None:
        operation["security"] = [{}]
        operation["requestBody"] = {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": schemas[_key(route.form)]}},
        }
    if route.webhook:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {}}}}
    return operation


def _who(route: Route) -> str:
    if route.allow == PUBLIC:
        return "Open to everyone."
    if route.allow == ANY:
        return "For everyone who is signed in."
    return f"For: {', '.join(sorted(GRANTS[route.allow]))}."


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]


def _headers(route: Route) -> list[dict[str, Any]]:
    wanted = [(name, False, why) for name, (paths, why) in _TOKENS.items() if paths.search(route.path)]
    if route.idempotent:
        wanted.append(("Idempotency-Key", True, "1 to 255 visible ASCII characters; kept for 24 hours"))
    if route.if_match:
        wanted.append(("If-Match", True, "the ETag last seen"))
    return [
        {"name": name, "in": "header", "required": required, "description": why, "schema": {"type": "string"}}
        for name, required, why in wanted
    ]


def _query(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    (_,), schemas = msgspec.json.schema_components([route.query], ref_template="#/components/schemas/{name}")
    own = schemas[route.query.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in own.get("required", ()),
            "schema": _inlined(schema, schemas),
        }
        for name, schema in own["properties"].items()
    ]


def _inlined(schema: Any, schemas: dict[str, Any]) -> Any:
    """Query parameters refer to few small types: those stand where they are used."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return schemas[schema["$ref"].rpartition("/")[2]]
        return {name: _inlined(value, schemas) for name, value in schema.items()}
    return [_inlined(value, schemas) for value in schema] if isinstance(schema, list) else schema


def _success(route: Route, schemas: Schemas) -> dict[str, Any]:
    shape = answered(route)
    if route.status == _SEE_OTHER:
        return {"description": "sent on", "headers": {"Location": {"schema": {"type": "string"}}}}
    if route.status == 204 or (shape is None and route.returns is None):
        return {"description": "done"}
    schema = {} if shape is None else schemas[_key(shape)]
    return {"description": "done", "content": {"application/json": {"schema": schema}}}


def _key(shape: Any) -> str:
    """Two contexts may call a shape the same, and a list of shapes has no name of its own."""
    return f"{getattr(shape, '__module__', '')}.{shape!r}"


if __name__ == "__main__":
    DOCUMENT.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.name}: {len(document()['paths'])} paths\n")
