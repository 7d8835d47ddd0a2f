"""Passwords hashed with little work: what makes guessing slow would make up most of what tests take."""

from typing import Any, Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from functions.membership import pwdlib_gateway

real: Final[Any] = pwdlib_gateway._hasher
"""What makes the platform's own hasher."""

_CHEAP: Final = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


def make_cheap() -> None:
    """For the rest of the process."""
    pwdlib_gateway._hasher = lambda: _CHEAP  # type: ignore[assignment]
