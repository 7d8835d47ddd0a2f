"""What the stand-in remembers: objects by kind and id, and what is under way.

It is kept in one JSON file between starts.

All of it is guarded by one lock. Nothing that waits (a delivery, a held request) may be done while holding
it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import string
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from infra.local.stripe.errors import invalid, missing
from infra.local.stripe.forms import Params
from infra.local.stripe.serving import Json

API_VERSION: Final = "2026-10-28.endive"
ANSWERS_KEPT_SECONDS: Final = 86_400

PREFIXES: Final = {
    "payment_intent": "pi",
    "charge": "ch",
    "refund": "re",
    "payment_method": "pm",
    "balance_transaction": "txn",
    "transfer": "tr",
    "transfer_reversal": "trr",
    "dispute": "du",
    "event": "evt",
    "customer": "cus",
    "customer_cash_balance_transaction": "ccsbtxn",
}
_KINDS: Final = {prefix: kind for kind, prefix in PREFIXES.items()}
_ALPHABET: Final = string.ascii_letters + string.digits


def now() -> int:
    """Seconds since the epoch."""
    return int(time.time())


def random_word(length: int = 24) -> str:
    """Letters and digits, as in Stripe's ids and secrets."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


class Store:
    """The objects of one account.

    `aliases` maps a payment method's id to the test method it was made from; `unsettled` are captured charges
    whose fee is not known yet; `undelivered` maps an event's id to the attempts made; `answers` are
    idempotent answers by key. `detached` are payment methods that their customer has let go.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self.objects: dict[str, dict[str, Json]] = {kind: {} for kind in PREFIXES}
            self.aliases: dict[str, str] = {}
            self.unsettled: list[str] = []
            self.detached: list[str] = []
            self.undelivered: dict[str, int] = {}
            self.answers: dict[str, Json] = {}

    def new_id(self, kind: str) -> str:
        """A fresh id with Stripe's prefix."""
        return f"{PREFIXES[kind]}_{random_word()}"

    def add(self, thing: Json) -> Json:
        """Keep a new object under its own `object` and `id`."""
        self.objects[thing["object"]][thing["id"]] = thing
        return thing

    def get(self, kind: str, identifier: str, param: str = "id") -> Json:
        """The object itself, not a copy. Raises StripeError 404."""
        found = self.objects[kind].get(identifier)
        if found is None:
            raise missing(kind, identifier, param)
        return found

    def newest(self, kind: str, **fields: object) -> list[Json]:
        """All of a kind whose given fields have the given values, newest first."""
        things = reversed(self.objects[kind].values())
        return [thing for thing in things if all(thing.get(name) == value for name, value in fields.items())]

    def expanded(self, thing: Json, paths: list[str]) -> Json:
        """A copy in which the ids at the given dotted paths are replaced by their objects."""
        copy: Json = json.loads(json.dumps(thing))
        for path in paths:
            self._expand(copy, path.split("."), path)
        return copy

    def _expand(self, thing: Json, steps: list[str], path: str) -> None:
        step, rest = steps[0], steps[1:]
        if step not in thing:
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        value = thing[step]
        if isinstance(value, str):
            found = self.objects.get(_KINDS.get(value.partition("_")[0], ""), {}).get(value)
            if found is None:
                raise invalid(f"This property cannot be expanded ({path}).", "expand")
            value = thing[step] = json.loads(json.dumps(found))
        for item in value if isinstance(value, list) else [value]:
            if rest and isinstance(item, dict):
                self._expand(item, rest, path)

    def save(self, path: Path) -> None:
        """Write everything to the file, whole or not at all.

        Answers that are old or not given yet stay behind.
        """
        with self.lock:
            kept = {
                key: known
                for key, known in self.answers.items()
                if known["answer"] is not None and known["at"] > now() - ANSWERS_KEPT_SECONDS
            }
            document = json.dumps(
                {
                    "objects": self.objects,
                    "aliases": self.aliases,
                    "unsettled": self.unsettled,
                    "detached": self.detached,
                    "undelivered": self.undelivered,
                    "answers": kept,
                }
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(document)
            os.replace(name, path)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise

    def load(self, path: Path) -> None:
        """Read what `save` wrote; a missing file is an empty account."""
        if not path.exists():
            return
        document = json.loads(path.read_text(encoding="utf-8"))
        with self.lock:
            self.objects.update(document["objects"])
            self.aliases = document["aliases"]
            self.unsettled = document["unsettled"]
            self.detached = document.get("detached", [])
            self.undelivered = document["undelivered"]
            self.answers = document["answers"]


def page(things: list[Json], params: Params, url: str) -> Json:
    """A list object of things given newest first.

    Params: `created`, `limit` (1 to 100, else 10), `starting_after`, `ending_before`.
    """
    things = _created_within(things, params)
    limit = params.whole("limit", least=1) or 10
    after, before = params.text("starting_after"), params.text("ending_before")
    params.done()
    if limit > 100:
        raise invalid("This value must be less than or equal to 100.", "limit", "parameter_invalid_integer")
    ids = [thing["id"] for thing in things]
    if before is not None:
        chosen = things[: _place(ids, before, "ending_before")]
        return _listed(chosen[-limit:], len(chosen) > limit, url)
    if after is not None:
        things = things[_place(ids, after, "starting_after") + 1 :]
    return _listed(things[:limit], len(things) > limit, url)


def _listed(things: list[Json], more: bool, url: str) -> Json:
    return {"object": "list", "data": things, "has_more": more, "url": url}


def _place(ids: list[str], identifier: str, param: str) -> int:
    if identifier not in ids:
        raise missing("object", identifier, param)
    return ids.index(identifier)


def _created_within(things: list[Json], params: Params) -> list[Json]:
    """Those whose `created` is the given second, or within the given gt, gte, lt, lte."""
    if "created" not in params.names():
        return things
    if params.holds_text("created"):
        second = params.required_whole("created")
        return [thing for thing in things if thing["created"] == second]
    bounds = params.mapping("created") or Params({})
    above, least = bounds.whole("gt"), bounds.whole("gte")
    below, most = bounds.whole("lt"), bounds.whole("lte")
    bounds.done()
    return [
        thing
        for thing in things
        if (above is None or thing["created"] > above)
        and (least is None or thing["created"] >= least)
        and (below is None or thing["created"] < below)
        and (most is None or thing["created"] <= most)
    ]
