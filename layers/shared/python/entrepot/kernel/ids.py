"""Prefixed ULIDs: `ord_01JD…`, sortable by time, unguessable in their last 80 bits.

Source: the ULID specification (48 bits of milliseconds, 80 random bits, Crockford's base 32).
"""

import hashlib
import os
import re
from datetime import UTC, datetime
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_SHAPE: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def new_id(prefix: str, now: datetime) -> str:
    """A new id such as `ord_01ARZ3NDEKTSV4RRFFQ69G5FAV`."""
    milliseconds = int(now.timestamp() * 1000)
    number = milliseconds << 80 | int.from_bytes(os.urandom(10))
    return f"{prefix}_{_encoded(number)}"


def derived_id(prefix: str, parent: str) -> str:
    """The id of something that exists once for its parent: the same ULID under another prefix."""
    return f"{prefix}_{parent.partition('_')[2]}"


def named_id(prefix: str, name: str) -> str:
    """The id of something that is known by a name elsewhere: the same for the same name. It tells no time."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16])
    return f"{prefix}_{_encoded(number)}"


def is_id(text: str, prefix: str) -> bool:
    head, _, ulid = text.partition("_")
    return head == prefix and _SHAPE.fullmatch(ulid) is not None


def time_of(text: str) -> datetime:
    """When an id was made, to the millisecond."""
    number = 0
    for letter in text.rpartition("_")[2]:
        number = number << 5 | _VALUE[letter]
    return datetime.fromtimestamp((number >> 80) / 1000, UTC)


def _encoded(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
