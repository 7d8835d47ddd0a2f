"""What every part of the store shares: the spread over shards, and two refusals."""

import hashlib
from typing import ClassVar, Final

from entrepot.kernel.refusals import Kind, Refusal

SHARDS: Final = 8


class AlreadyPosted(Refusal):
    """The fact has its entry: whoever tells it again is late, or contradicts it."""

    code: ClassVar[str] = "already_posted"
    kind: ClassVar[Kind] = Kind.CONFLICT


class Overtaken(Refusal):
    """Somebody else changed the same thing in between: the use case looks again."""

    code: ClassVar[str] = "overtaken"
    kind: ClassVar[Kind] = Kind.CONFLICT


def shard_of(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % SHARDS
