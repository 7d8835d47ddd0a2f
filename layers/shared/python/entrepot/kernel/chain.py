"""A chain: each link is sealed together with the seal of the one before it, so that none of them can be altered, taken
out or moved without whoever holds the key seeing it.

A head says where a chain ends, for a chain that has lost its last links would otherwise look whole. A head of an
earlier day could still be put back together with what it stood for; against that, anchors are kept elsewhere.

Source: B. Schneier and J. Kelsey, "Secure Audit Logs to Support Computer Forensics" (1999), without its evolving key.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

ROOT: Final = "0" * 64
"""What stands for the seal before the first link."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `at` is where it was found, `sequence` where it says it belongs; both count from 1."""

    stream: str
    at: int
    sequence: int
    previous: str
    body: str
    seal: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: the number and the seal of its last link, under a seal of its own."""

    stream: str
    sequence: int
    last: str
    seal: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of a chain.

    kind: "forged" (the seal is not of this content), "moved" (it belongs elsewhere), "dropped" (there is none),
        "broken" (it follows another than the one before it), "cut" (the chain goes on further than was found),
        "headless" (nothing says where the chain ends), "rewritten" (an anchor knows another link here).
    """

    stream: str
    sequence: int
    kind: str


def link(key: bytes, head: Head | None, stream: str, body: str) -> Link:
    """The link that `body` makes after `head`, or as the first one."""
    sequence = head.sequence + 1 if head else 1
    previous = head.last if head else ROOT
    return Link(stream, sequence, sequence, previous, body, _sealed(key, stream, sequence, previous, body))


def headed(key: bytes, last: Link) -> Head:
    """The head of a chain that ends with `last`."""
    return Head(
        last.stream, last.sequence, last.seal, _sealed(key, "head", last.stream, last.sequence, last.seal)
    )


def verified(
    key: bytes, links: Iterable[Link], head: Head | None, anchor: Head | None = None, first: int = 1
) -> list[Fault]:
    """Every fault of one chain, in order; none where it is whole.

    Args: links: all from number `first` on, in any order; anchor: a head of this chain seen earlier, kept elsewhere.
    """
    found = {held.at: held for held in links}
    stream = next((held.stream for held in (*found.values(), head, anchor) if held), "")
    if not stream:
        return []
    ends = max((*found, *(known.sequence for known in (head, anchor) if known)))
    last = max(found, default=first - 1)
    faults = [fault for at in range(first, last + 1) if (fault := _judged(key, found, stream, at))]
    if last < ends:
        faults.append(Fault(stream, last + 1, "cut"))
    faults += _head_faults(key, found, head, stream)
    known = found.get(anchor.sequence) if anchor else None
    if anchor and known and known.seal != anchor.last:
        faults.append(Fault(stream, anchor.sequence, "rewritten"))
    return faults


def _judged(key: bytes, found: Mapping[int, Link], stream: str, at: int) -> Fault | None:
    held, before = found.get(at), found.get(at - 1)
    previous = before.seal if before else ROOT if at == 1 else None
    if held is None:
        kind = "dropped"
    elif held.sequence != at:
        kind = "moved"
    elif not _is_sealed(key, held):
        kind = "forged"
    elif previous is not None and held.previous != previous:
        kind = "broken"
    else:
        return None
    return Fault(stream, at, kind)


def _head_faults(key: bytes, found: Mapping[int, Link], head: Head | None, stream: str) -> list[Fault]:
    if head is None:
        return [Fault(stream, max(found, default=0), "headless")]
    expected = _sealed(key, "head", head.stream, head.sequence, head.last)
    last = found.get(head.sequence)
    beyond = bool(found) and max(found) > head.sequence
    if not hmac.compare_digest(expected, head.seal) or beyond or (last and last.seal != head.last):
        return [Fault(stream, head.sequence, "forged")]
    return []


def _is_sealed(key: bytes, held: Link) -> bool:
    expected = _sealed(key, held.stream, held.sequence, held.previous, held.body)
    return hmac.compare_digest(expected, held.seal)


def _sealed(key: bytes, *parts: str | int) -> str:
    message = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()
