"""How few things a call hands over at least: `fetch(one, *more)` one, and any number beside."""

import ast
import linecache
import textwrap
from functools import cache
from types import CodeType, FrameType
from typing import Final

MANY: Final = 1_000
"""Of a call that hands over a fixed number: it never hands over another."""


def least_of(frame: FrameType) -> int:
    """Of the call that is under way in a frame: MANY where nothing in it is starred."""
    return _least(frame.f_code, frame.f_lasti)


@cache
def _least(code: CodeType, at: int) -> int:
    first, last, start, end = list(code.co_positions())[at // 2]
    if None in (first, last, start, end):
        return MANY
    lines = [linecache.getline(code.co_filename, number) for number in range(first, last + 1)]  # type: ignore[operator, arg-type]
    lines[-1] = lines[-1].encode()[:end].decode()
    lines[0] = " " * start + lines[0].encode()[start:].decode()  # type: ignore[operator]
    call = ast.parse(textwrap.dedent("".join(lines)).strip(), mode="eval").body
    if not isinstance(call, ast.Call) or not any(isinstance(each, ast.Starred) for each in call.args):
        return MANY
    return sum(not isinstance(each, ast.Starred) for each in call.args)
