"""Idempotency-Key as Stripe keeps it.

The answer of the first request that began its work is given again for 24 hours, failures included; other
parameters or another endpoint under the same key are refused; a key in use is 409. A request refused before
its work began leaves the key free.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from infra.local.stripe.errors import StripeError, invalid
from infra.local.stripe.forms import Fields
from infra.local.stripe.serving import Json
from infra.local.stripe.store import ANSWERS_KEPT_SECONDS, Store, now

MAX_KEY: Final = 255


class Keys:
    """The keys of one account.

    Answers are in the store; keys in flight die with the process, as their work does.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_flight: set[str] = set()

    def claim(self, key: str, path: str, fields: Fields) -> Json | None:
        """The earlier answer `{status, body, request_id}`, or None.

        The caller then works, and must `keep` or `free`.
        """
        if len(key) > MAX_KEY:
            raise invalid(f"Idempotency keys may be at most {MAX_KEY} characters long.")
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
        with self._store.lock:
            if key in self._in_flight:
                raise StripeError(
                    409,
                    "There is currently another in-progress request using this idempotency key (that probably"
                    f" means you submitted twice, and the other request is still going through): {key}.",
                    kind="idempotency_error",
                    code="idempotency_key_in_use",
                    executed=False,
                )
            known = self._store.answers.get(key)
            if known is not None and known["at"] > now() - ANSWERS_KEPT_SECONDS:
                self._check(key, known, path, digest)
                answer: Json = known["answer"]
                return answer
            self._in_flight.add(key)
            self._store.answers[key] = {"at": now(), "path": path, "digest": digest, "answer": None}
            return None

    def keep(self, key: str, answer: Json) -> None:
        """Record the answer of finished work."""
        with self._store.lock:
            self._store.answers[key]["answer"] = answer
            self._in_flight.discard(key)

    def free(self, key: str) -> None:
        """Forget a claim whose work never began."""
        with self._store.lock:
            self._store.answers.pop(key, None)
            self._in_flight.discard(key)

    @staticmethod
    def _check(key: str, known: Json, path: str, digest: str) -> None:
        advice = f"Try using a key other than '{key}' if you meant to execute a different request."
        if known["path"] != path:
            message = (
                "Keys for idempotent requests can only be used for the same endpoint they were first used for"
                f" ('{path}' vs '{known['path']}'). {advice}"
            )
        elif known["digest"] != digest:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used"
                f" with. {advice}"
            )
        else:
            return
        raise StripeError(400, message, kind="idempotency_error", executed=False)
