"""The OpenAPI 3.1 document, made from what the routes declare: `python -m infra.openapi` writes it.

No kept library makes OpenAPI from Chalice; msgspec makes the schemas, the rest is this page (ADR 0005).
"""

import inspect
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("ENTREPOT_STAGE", "local")
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

import msgspec

from entrepot.cloud.basics import VERSION
from entrepot.cloud.http import Route
from entrepot.cloud.wire import Body
from entrepot.contracts.permissions import ANY, GRANTS, PUBLIC
from entrepot.kernel.countries import COUNTRIES
from entrepot.kernel.currencies import EXPONENTS
from infra import openapi_answers as answers

DOCUMENT: Final = Path(__file__).parents[1] / "layers/shared/python/entrepot/contracts/openapi.json"

LISTED: Final = {
    "Country": {"type": "string", "enum": sorted(COUNTRIES), "description": "ISO 3166-1 alpha-2"},
    "Currency": {"type": "string", "enum": sorted(EXPONENTS), "description": "ISO 4217"},
}
"""What fields refer to by `wire.described`."""
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
            "schemas": {
                **_with_more(components, routes),
                **LISTED,
                "Problem": answers.PROBLEM,
                "OAuthProblem": answers.OAUTH_PROBLEM,
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "headers": answers.HEADERS,
            "responses": answers.components(),
        },
    }


def text() -> str:
    # Python ends a pattern with \\Z where ECMA 262, which OpenAPI names, writes $.
    return (
        json.dumps(dedented(_plain(document())), indent=1, ensure_ascii=False).replace('\\\\Z"', '$"') + "\n"
    )


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


def _shapes(route: Route) -> list[Any]:
    return [shape for shape in (route.body, route.form, answers.answered(route)) if shape is not None]


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    doc = (route.handler.__doc__ or "").strip().split("\n\n")[0]
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "tags": [route.handler.__module__.split(".")[1]],
        "summary": route.handler.__name__.replace("_", " "),
        "description": " ".join(filter(None, (doc, _who(route)))),
        "security": [] if route.allow == PUBLIC else [{"bearer": []}],
        "parameters": [*_path_parameters(route), *_headers(route), *_query(route)],
        "responses": answers.responses(route, _success(route, schemas)),
    }
    if route.allow == PUBLIC:
        operation["security"] = [{}, {"bearer": []}]
    if route.body is not None:
        operation["requestBody"] = {
            "required": not _may_be_left_out(route),
            "content": {"application/json": {"schema": schemas[_key(route.body)]}},
        }
    if route.form is not None:
        operation["security"] = [{}]
        operation["requestBody"] = {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": schemas[_key(route.form)]}},
        }
    if route.webhook:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    return operation


def _with_more(schemas: dict[str, Any], routes: list[Route]) -> dict[str, Any]:
    """The components with what the structs of bodies say of themselves beside their fields."""
    made = dict(sorted(schemas.items()))
    for route in routes:
        if route.body is not None and _more_of(route):
            name = _component(route.body, made)
            made[name] = {**made[name], **_more_of(route)}
        if route.form is not None:
            name = _component(route.form, made)
            made[name] = _as_form(schemas[name])
    return made


def _more_of(route: Route) -> Mapping[str, Any]:
    return route.body.SCHEMA if route.body is not None and issubclass(route.body, Body) else {}


def _component(kind: type[msgspec.Struct], schemas: dict[str, Any]) -> str:
    """A struct's name in the document: with its module where another bears the same."""
    return kind.__name__ if kind.__name__ in schemas else f"{kind.__module__}.{kind.__name__}"


def _as_form(schema: dict[str, Any]) -> dict[str, Any]:
    """A form knows no null, and fields that nobody asked for are passed over (RFC 6749, section 3.2)."""
    fields = {
        name: next((kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}), field)
        for name, field in schema["properties"].items()
    }
    return {**schema, "properties": fields, "additionalProperties": {"type": "string"}}


def _may_be_left_out(route: Route) -> bool:
    """Whether a body of nothing is a whole one."""
    assert route.decoder is not None, "it takes a body"
    if _more_of(route):
        return False
    try:
        route.decoder.decode(b"{}")
    except msgspec.ValidationError:
        return False
    return True


def _plain(schema: Any) -> Any:
    """The same without a pattern beside the list of what matches it; a decimal is read from a number too."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            return {**schema, "type": ["string", "number"]}
        if schema.get("$ref", "").rpartition("/")[2] in LISTED:
            return {name: value for name, value in schema.items() if name not in ("type", "pattern")}
        return {name: _plain(value) for name, value in schema.items()}
    return [_plain(value) for value in schema] if isinstance(schema, list) else schema


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
    any_: dict[str, Any] = {"type": "string"}
    visible = {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"}
    wanted = [(name, False, why, any_) for name, (paths, why) in _TOKENS.items() if paths.search(route.path)]
    if route.idempotent:
        wanted.append(
            ("Idempotency-Key", True, "1 to 255 visible ASCII characters; kept for 24 hours", visible)
        )
    if route.if_match:
        wanted.append(("If-Match", True, "the ETag last seen", {**any_, "minLength": 1}))
    return [
        {"name": name, "in": "header", "required": required, "description": why, "schema": schema}
        for name, required, why, schema in wanted
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
        if "$ref" in schema and schema["$ref"].rpartition("/")[2] not in LISTED:
            return schemas[schema["$ref"].rpartition("/")[2]]
        return {name: _inlined(value, schemas) for name, value in schema.items()}
    return [_inlined(value, schemas) for value in schema] if isinstance(schema, list) else schema


def _success(route: Route, schemas: Schemas) -> dict[str, Any] | None:
    """What the body of a success is like; anything where the route does not say, None where it has none."""
    shape = answers.answered(route)
    if shape is None:
        return None if route.returns is None else {}
    described: dict[str, Any] = schemas[_key(shape)]
    return described


def _key(shape: Any) -> str:
    """Two contexts may call a shape the same, and a list of shapes has no name of its own."""
    return f"{getattr(shape, '__module__', '')}.{shape!r}"


if __name__ == "__main__":
    DOCUMENT.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.name}: {len(document()['paths'])} paths\n")
