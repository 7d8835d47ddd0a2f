"""Parameters as Stripe reads them.

Forms with nested brackets, every value a string, unknown names refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from infra.local.stripe.errors import invalid

Fields = dict[str, object]

_PART = re.compile(r"\[([^\]]*)\]")


def parsed_form(text: str) -> Fields:
    """`a[b][c]=1&d[]=2&e[0]=3` as nested dictionaries and lists of strings."""
    root: Fields = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, bracket, _ = name.partition("[")
        keys = [head, *_PART.findall(name)] if bracket else [head]
        _put(root, keys, value)
    return {name: _with_lists(value) for name, value in root.items()}


def parsed_json(body: bytes) -> Fields:
    """A JSON object with its scalars as form strings, so that test controls take either."""
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise invalid(f"Invalid JSON: {error}") from error
    if not isinstance(document, dict):
        raise invalid("The body must be a JSON object")
    return {name: _as_form(value) for name, value in document.items() if value is not None}


class Params:
    """The parameters of one call, taken one by one; `done()` refuses those that nobody took."""

    def __init__(self, fields: Fields) -> None:
        self._left = dict(fields)

    def text(self, name: str, choices: Iterable[str] | None = None) -> str | None:
        """A string, or None when it is absent or empty."""
        value = self._left.pop(name, None)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {name}", name)
        if choices is not None and value not in choices:
            allowed = ", ".join(sorted(choices))
            raise invalid(f"Invalid {name}: must be one of {allowed}", name)
        return value

    def required(self, name: str, choices: Iterable[str] | None = None) -> str:
        """A string that must be there."""
        value = self.text(name, choices)
        if value is None:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        return value

    def whole(self, name: str, *, least: int = 0) -> int | None:
        """An integer of at least `least`, or None when absent."""
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
        if int(value) < least:
            message = f"This value must be greater than or equal to {least}."
            raise invalid(message, name, "parameter_invalid_integer")
        return int(value)

    def required_whole(self, name: str, *, least: int = 0) -> int:
        """An integer that must be there."""
        value = self.whole(name, least=least)
        if value is None:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        return value

    def seconds(self, name: str) -> float | None:
        """A duration of at most a day, or None when absent."""
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", value):
            raise invalid(f"Invalid number of seconds: {value}", name)
        return float(value)

    def flag(self, name: str) -> bool:
        """true or false; false when absent."""
        return self.text(name, ("true", "false")) == "true"

    def words(self, name: str) -> list[str] | None:
        """A list of strings, or None when absent."""
        value = self._left.pop(name, None)
        if value is None or value == "":
            return None
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise invalid(f"Invalid array: {name}", name)
        return [str(word) for word in value]

    def mapping(self, name: str) -> Params | None:
        """A nested set of parameters, or None when absent."""
        value = self._left.pop(name, None)
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise invalid(f"Invalid hash: {name}", name)
        return Params(value)

    def strings(self, name: str) -> dict[str, str]:
        """A flat mapping of strings, as metadata is; an empty value is kept, since it means deletion."""
        value = self._left.pop(name, None)
        if value is None or value == "":
            return {}
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise invalid(f"Invalid hash: {name}", name)
        return {str(key): str(item) for key, item in value.items()}

    def ignored(self, *names: str) -> None:
        """Parameters that Stripe knows and that change nothing here."""
        for name in names:
            self._left.pop(name, None)

    def holds_text(self, name: str) -> bool:
        """Whether the parameter is there as a plain value."""
        return isinstance(self._left.get(name), str)

    def names(self) -> list[str]:
        """Those not taken yet."""
        return list(self._left)

    def done(self) -> None:
        """Refuse what nobody took."""
        for name in self._left:
            raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")


def _put(into: Fields, keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        step = into.setdefault(key or str(len(into)), {})
        if not isinstance(step, dict):
            raise invalid(f"Invalid parameter: {keys[0]}", keys[0])
        into = step
    into[keys[-1] or str(len(into))] = value


def _with_lists(value: object) -> object:
    if not isinstance(value, dict):
        return value
    items = {key: _with_lists(item) for key, item in value.items()}
    if items and all(key.isdigit() for key in items):
        return [items[key] for key in sorted(items, key=int)]
    return items


def _as_form(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _as_form(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_as_form(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
