"""Which addresses we call, and which ones we send a browser to. What is not named is refused."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, urlsplit

from entrepot.kernel.refusals import Kind, Refusal

LOOPBACK: Final = "127.0.0.1"

_URI: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,400}")  # visible ASCII without " and \


class InvalidReturnTo(Refusal):
    code = "invalid_return_to"
    kind = Kind.MALFORMED
    title = "Nobody is sent there after signing in: it is none of this stage's addresses."


def may_call(url: str, hosts: Collection[str], one_machine: bool) -> bool:
    """Whether an address of a provider may be called: https at one of the hosts that were named, at its usual port.

    On one machine the machine itself as well, without TLS.
    """
    parts = _split(url)
    if parts is None:
        return False
    if parts.scheme == "https":
        return parts.hostname in hosts and parts.port in (None, 443)
    return one_machine and parts.scheme == "http" and parts.hostname == LOOPBACK


def return_target(text: str, allowed: Collection[str], one_machine: bool) -> str:
    """Where a browser goes after signing in: an address that was named letter by letter; on one machine, any of it.

    Raises: InvalidReturnTo.
    """
    parts = _split(text)
    local = one_machine and parts is not None and parts.scheme == "http" and parts.hostname == LOOPBACK
    if parts is None or not (text in allowed or local):
        raise InvalidReturnTo(field="return_to")
    return text


def _split(url: str) -> SplitResult | None:
    """The parts of a plain address; None for one with a user, a fragment, or what parsers read in different ways."""
    if not _URI.fullmatch(url) or "@" in url or "#" in url:
        return None
    try:
        parts = urlsplit(url)
        plain = bool(parts.hostname) and parts.netloc == parts.netloc.lower() and parts.port != 0
    except ValueError:
        return None
    return parts if plain else None
