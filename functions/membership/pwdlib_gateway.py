"""Password hashes: argon2id through pwdlib, imported only where a password is hashed.

Its parameters are pwdlib's: 64 MiB, 3 passes, 4 lanes (the second choice of RFC 9106, section 4).
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pwdlib import PasswordHash


@cache
def _hasher() -> "PasswordHash":
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(),))


def hashed(password: str) -> str:
    return _hasher().hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one hashed; as much work where there is no hash to compare with."""
    if password_hash is None:
        hashed(password)
        return False
    return _hasher().verify(password, password_hash)


def outdated(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher().current_hasher.check_needs_rehash(password_hash)
