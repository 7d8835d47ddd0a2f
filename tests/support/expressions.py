"""DynamoDB's expressions, as far as the platform's rows make any: parsed once, then called with an item.

An operand is an attribute's value in DynamoDB's notation (`{"S": "x"}`), or None where there is none.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final

Item = Mapping[str, Mapping[str, Any]]
Given = Mapping[str, Any]
"""What stands for the placeholders: names (`#0`) and values (`:0`)."""

Test = Callable[[Item, Given], bool]
Operand = Callable[[Item, Given], Any]
Change = Callable[[Item, Given], tuple[str, Any]]
"""Takes the item as it was; gives an attribute and its new value, None where it is removed."""

_TOKEN: Final = re.compile(r"\s*([#:]?\w+|<>|<=|>=|[=<>(),+-])")
_WORDS: Final = ("SET", "REMOVE", "ADD", "DELETE")


@cache
def condition(text: str) -> Test:
    """A condition, key condition or filter. Raises: ValueError: it is none that is known here."""
    parser = _Parser(text)
    test = parser.disjunction()
    parser.end()
    return test


@cache
def changes(text: str) -> tuple[Change, ...]:
    """The clauses of an update expression. Raises: ValueError."""
    parser = _Parser(text)
    made: list[Change] = []
    while parser.token in _WORDS:
        word = parser.take()
        made.append(parser.change(word))
        while parser.token == ",":
            parser.take()
            made.append(parser.change(word))
    parser.end()
    return tuple(made)


def comparable(value: Mapping[str, Any]) -> Any:
    kind, content = next(iter(value.items()))
    return Decimal(content) if kind == "N" else content


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"unknown signs in {text!r}")
        self._at = 0

    @property
    def token(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.token
        if not token or (expected and token != expected):
            raise ValueError(f"{expected or 'more'} is missing in {self._text!r}")
        self._at += 1
        return token

    def end(self) -> None:
        if self.token:
            raise ValueError(f"{self.token!r} is too much in {self._text!r}")

    def disjunction(self) -> Test:
        parts = [self._conjunction()]
        while self.token == "OR":
            self.take()
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda item, given: any(part(item, given) for part in parts)

    def _conjunction(self) -> Test:
        parts = [self._single()]
        while self.token == "AND":
            self.take()
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else lambda item, given: all(part(item, given) for part in parts)

    def _single(self) -> Test:
        if self.token == "NOT":
            self.take()
            inner = self._single()
            return lambda item, given: not inner(item, given)
        if self.token == "(":
            self.take()
            grouped = self.disjunction()
            self.take(")")
            return grouped
        if self.token in _FUNCTIONS:
            return self._function()
        return self._comparison()

    def _function(self) -> Test:
        function = _FUNCTIONS[self.take()]
        self.take("(")
        arguments = self._operands()
        self.take(")")
        return lambda item, given: function(*(argument(item, given) for argument in arguments))

    def _comparison(self) -> Test:
        left = self.operand()
        operator = self.take()
        if operator == "BETWEEN":
            low = self.operand()
            self.take("AND")
            high = self.operand()
            return lambda item, given: _ordered(low, left, item, given) and _ordered(left, high, item, given)
        if operator == "IN":
            self.take("(")
            choices = self._operands()
            self.take(")")
            return lambda item, given: any(left(item, given) == choice(item, given) for choice in choices)
        compare, right = _COMPARISONS[operator], self.operand()
        return lambda item, given: _compared(compare, left(item, given), right(item, given))

    def _operands(self) -> list[Operand]:
        found = [self.operand()]
        while self.token == ",":
            self.take()
            found.append(self.operand())
        return found

    def operand(self) -> Operand:
        name = self.take()
        if name.startswith(":"):
            return lambda item, given: given[name]
        return lambda item, given: item.get(given[name] if name.startswith("#") else name)

    def change(self, word: str) -> Change:
        name = self.take()
        named: Callable[[Given], str] = lambda given: given[name] if name.startswith("#") else name  # noqa: E731
        if word == "REMOVE":
            return lambda item, given: (named(given), None)
        if word == "ADD":
            more = self.operand()
            return lambda item, given: (
                named(given),
                _sum(item.get(named(given)) or {"N": "0"}, more(item, given), 1),
            )
        if word != "SET":
            raise ValueError(f"{word} is not known here")
        self.take("=")
        value = self._value()
        return lambda item, given: (named(given), value(item, given))

    def _value(self) -> Operand:
        left = self._term()
        if self.token not in ("+", "-"):
            return left
        sign = 1 if self.take() == "+" else -1
        right = self._term()
        return lambda item, given: _sum(left(item, given), right(item, given), sign)

    def _term(self) -> Operand:
        if self.token != "if_not_exists":
            return self.operand()
        self.take()
        self.take("(")
        held, other = self._operands()
        self.take(")")
        return lambda item, given: held(item, given) or other(item, given)


def _ordered(low: Operand, high: Operand, item: Item, given: Given) -> bool:
    return _compared(_COMPARISONS["<="], low(item, given), high(item, given))


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is not right and compare is _COMPARISONS["<>"]
    if left.keys() != right.keys():
        return compare is _COMPARISONS["<>"]
    return compare(comparable(left), comparable(right))


def _sum(left: Any, right: Any, sign: int) -> dict[str, str]:
    return {"N": str(Decimal(left["N"]) + sign * Decimal(right["N"]))}


_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda left, right: bool(left == right),
    "<>": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}
_FUNCTIONS: Final[dict[str, Callable[..., bool]]] = {
    "attribute_exists": lambda held: held is not None,
    "attribute_not_exists": lambda held: held is None,
    "begins_with": lambda held, start: held is not None and held["S"].startswith(start["S"]),
    "contains": lambda held, part: held is not None and part["S"] in held["S"],
}
