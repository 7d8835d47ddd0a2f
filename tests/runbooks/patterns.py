"""Filter patterns of CloudWatch Logs, as far as the pages use them; what else there is is refused.

The stand-in for AWS takes a pattern about JSON for one that everything matches, and so would call any pattern right.
Grammar: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail", CloudWatch
Logs user guide. Comparisons of JSON may be joined by `&&` or `||`, not both; terms are case-sensitive, all have to be
there, or one of those marked `?`.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

Matches = Callable[[str], bool]

_COMPARISON: Final = re.compile(r'\$\.(\w+(?:\.\w+)*)\s*(>=|<=|!=|=|>|<)\s*("[^"]*"|-?\d+(?:\.\d+)?)')
_TERM: Final = re.compile(r'(\??)("(?:\\.|[^"\\])*"|[\w.:/-]+)')
_NUMBERS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": lambda held, given: held >= given,
    "<=": lambda held, given: held <= given,
    ">": lambda held, given: held > given,
    "<": lambda held, given: held < given,
    "=": lambda held, given: held == given,
    "!=": lambda held, given: held != given,
}


def compiled(pattern: str) -> Matches:
    """What tells whether a line of a log matches. Raises: ValueError: it is none, or of a kind unknown here."""
    text = pattern.strip()
    if text.startswith("{") and text.endswith("}"):
        return _of_json(text[1:-1].strip())
    return _of_terms(text)


def _of_json(text: str) -> Matches:
    joiners = set(re.findall(r"&&|\|\|", text))
    if len(joiners) > 1:
        raise ValueError(f"both && and || in {text!r}")
    tests = [_comparison(part) for part in re.split(r"\s*(?:&&|\|\|)\s*", text)]
    joined = all if joiners == {"&&"} else any

    def matches(line: str) -> bool:
        try:
            held = json.loads(line)
        except ValueError:
            return False
        return isinstance(held, dict) and joined(test(held) for test in tests)

    return matches


def _comparison(text: str) -> Callable[[dict[str, Any]], bool]:
    parts = _COMPARISON.fullmatch(text)
    if parts is None:
        raise ValueError(f"no comparison: {text!r}")
    name, operator, value = parts.groups()
    if value.startswith('"'):
        if operator not in ("=", "!="):
            raise ValueError(f"texts are equal or not: {text!r}")
        return lambda held: (
            isinstance(found := _at(held, name), str) and fnmatchcase(found, value[1:-1]) == (operator == "=")
        )
    return lambda held: (
        type(found := _at(held, name)) in (int, float) and _NUMBERS[operator](found, float(value))
    )


def _at(held: Any, path: str) -> Any:
    """What stands at a path such as `record.status`; None where nothing does."""
    for name in path.split("."):
        held = held.get(name) if isinstance(held, dict) else None
    return held


def _of_terms(text: str) -> Matches:
    found = list(_TERM.finditer(text))
    if not found or re.sub(r"\s+", "", text) != re.sub(r"\s+", "", "".join(each[0] for each in found)):
        raise ValueError(f"no terms: {text!r}")
    marked = {bool(each[1]) for each in found}
    if len(marked) > 1:
        raise ValueError(f"terms with and without ?: {text!r}")
    terms = [_unquoted(each[2]) for each in found]
    joined = any if marked == {True} else all
    return lambda line: joined(term in line for term in terms)


def _unquoted(term: str) -> str:
    return re.sub(r"\\(.)", r"\1", term[1:-1]) if term.startswith('"') else term
