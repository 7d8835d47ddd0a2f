"""The parcels that the stand-in knows, their scripts, and the posting of their scans."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from infra.local.carriers.payloads import SOURCES, Parcel, Scan, Signed, webhook
from infra.local.stripe.delivery import posted

Json = dict[str, Any]

_WRONG_SECRET: Final = "not-the-secret"
_OPTIONS: Final = frozenset(
    ("count", "all", "scans", "duplicate", "reorder", "stale", "bad_signature", "unsigned")
)


class Misuse(Exception):
    """The caller's request makes no sense; the text says why."""


@dataclass(slots=True)
class Tracked:
    """A parcel, what will happen to it, and how many of its scans were delivered."""

    source: str
    parcel: Parcel
    script: list[Scan]
    sent: int = 0

    def shown(self) -> Json:
        """For answers."""
        return {
            "source": self.source,
            "carrier": self.parcel.carrier,
            "tracking_number": self.parcel.tracking_number,
            "scans": len(self.script),
            "sent": self.sent,
        }


@dataclass(slots=True)
class Tracker:
    """Posts signed webhooks to `{target}/v1/webhooks/carriers/{source}`."""

    target: str
    secrets: Mapping[str, str]
    parcels: dict[str, Tracked] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def register(self, document: Json) -> Json:
        """`POST /shipments`: a parcel and its script; given again, it replaces the script and begins anew."""
        source, carrier, number = (_text(document, name) for name in ("source", "carrier", "tracking_number"))
        if source not in SOURCES:
            raise Misuse(f"source: one of {', '.join(SOURCES)}")
        if source not in self.secrets:
            raise Misuse(f"source: there is no secret for {source}")
        tracked = Tracked(source, Parcel(carrier, number), scans_of(document.get("script", [])))
        with self.lock:
            self.parcels[number] = tracked
        return tracked.shown()

    def known(self, number: str) -> Tracked:
        """Raises KeyError."""
        with self.lock:
            return self.parcels[number]

    def scan(self, number: str, options: Json) -> Json:
        """`POST /shipments/{tracking_number}/scans`: see the package's docstring for the options.

        Returns: `{tracking_number, sent, remaining, posts: [{status, scans}]}`; status 0 where nobody
        answered.
        """
        unknown = options.keys() - _OPTIONS
        if unknown:
            raise Misuse(f"unknown option {', '.join(sorted(unknown))}")
        tracked = self.known(number)
        forged = bool(options.get("bad_signature") or options.get("unsigned"))
        with self.lock:
            posts = self._planned(tracked, options)
        results = []
        for history, advances in posts:
            signed = self._signed(tracked, history, options)
            for _ in range(1 + _whole(options, "duplicate", 0)):
                status = self._post(tracked.source, signed)
                results.append({"status": status, "scans": len(history)})
                if advances and not forged and 200 <= status < 300:
                    with self.lock:
                        tracked.sent = max(tracked.sent, len(history))
        remaining = len(tracked.script) - tracked.sent
        return {"tracking_number": number, "sent": tracked.sent, "remaining": remaining, "posts": results}

    def _planned(self, tracked: Tracked, options: Json) -> list[tuple[list[Scan], bool]]:
        """The histories to post, one webhook each, and whether each moves the script on."""
        if options.get("stale"):
            if not tracked.script:
                raise Misuse("stale: the parcel has no script")
            return [(tracked.script[:1], False)]
        if "scans" in options:
            new = scans_of(options["scans"])
            tracked.script[tracked.sent :] = [*new, *tracked.script[tracked.sent :]]
            count = len(new)
        else:
            left = len(tracked.script) - tracked.sent
            count = left if options.get("all") else min(_whole(options, "count", 1), left)
        ends = range(tracked.sent + 1, tracked.sent + count + 1)
        posts = [(tracked.script[:end], True) for end in ends]
        return posts[::-1] if options.get("reorder") else posts

    def _signed(self, tracked: Tracked, history: list[Scan], options: Json) -> Signed:
        secret = _WRONG_SECRET if options.get("bad_signature") else self.secrets[tracked.source]
        told = history[::-1] if options.get("reorder") else history
        signed = webhook(tracked.source, tracked.parcel, told, secret, datetime.now(UTC))
        if options.get("unsigned"):
            return Signed(signed.body, {"Content-Type": "application/json"})
        return signed

    def _post(self, source: str, signed: Signed) -> int:
        target = urlsplit(self.target)
        path = f"{target.path.rstrip('/')}/v1/webhooks/carriers/{source}"
        return posted(target, path, signed.body, dict(signed.headers))


def scans_of(documents: object) -> list[Scan]:
    """Scans from `[{time, status, message?, place?}]`, times in RFC 3339. Raises Misuse."""
    if not isinstance(documents, list):
        raise Misuse("scans: a list of {time, status, message, place}")
    return [_scan(document) for document in documents]


def _scan(document: object) -> Scan:
    if not isinstance(document, dict):
        raise Misuse("a scan is an object {time, status, message, place}")
    try:
        time = datetime.fromisoformat(_text(document, "time"))
    except ValueError as error:
        raise Misuse(f"time: {error}") from error
    if time.tzinfo is None:
        raise Misuse("time: needs an offset, such as Z")
    return Scan(
        time, _text(document, "status"), str(document.get("message", "")), str(document.get("place", ""))
    )


def _text(document: Json, name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise Misuse(f"{name}: a text is needed")
    return value


def _whole(options: Json, name: str, otherwise: int) -> int:
    value = options.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise Misuse(f"{name}: a number of 0 to 100 is needed")
    return value
