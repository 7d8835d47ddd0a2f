"""Delivers events to the webhook endpoint from background threads, again until it answers 2xx.

Stripe promises neither order nor a single delivery; neither does this. While deliveries are held back, events
gather.
"""

from __future__ import annotations

import heapq
import http.client
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import SplitResult, urlsplit

from infra.local.stripe.forms import Params
from infra.local.stripe.serving import Json
from infra.local.stripe.signing import signature_header
from infra.local.stripe.store import Store, now

# Stripe tries for three days; on one machine an endpoint that is not up yet is up within a minute.
RETRY_SECONDS: Final = (0.2, 0.5, 1, 2, 4, 8, 15, *(30,) * 40)
TIMEOUT_SECONDS: Final = 15
WORKERS: Final = 4


class Courier:
    """Carries events to one endpoint.

    Attempts are counted in the store, so that a restart goes on where it stopped.
    """

    def __init__(self, store: Store, url: str, secret: str) -> None:
        """Args: url: an absolute http address; secret: the endpoint's signing secret (`whsec_...`)."""
        self._store = store
        self._url = urlsplit(url)
        self._secret = secret
        self._due: list[tuple[float, int, str]] = []
        self._serial = 0
        self._busy = 0
        self._held = False
        self._stopping = False
        self._changed = threading.Condition()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]

    def start(self) -> None:
        """Begin, with whatever an earlier run left undelivered."""
        with self._store.lock:
            left = list(self._store.undelivered)
        for identifier in left:
            self._push(identifier, 0)
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Start no further delivery; those under way end with their process."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def announce(self, event: Json) -> None:
        """Deliver it soon."""
        self._push(event["id"], 0)

    def hold(self) -> None:
        """Deliver nothing until `release`; attempts under way are waited for."""
        with self._changed:
            self._held = True
            self._changed.wait_for(lambda: self._busy == 0, TIMEOUT_SECONDS)

    def release(self, order: str, seed: int, chosen: list[str] | None) -> list[Json]:
        """Deliver what was held, one after the other in the given order, then go on as usual.

        Args: order: `created`, `reversed` or `shuffled` (by `seed`); chosen: the events to deliver and their
        order, then those not chosen stay held back. Returns: `{event, type, status}` of each attempt; those
        that failed are retried.
        """
        with self._changed:
            waiting = [identifier for _, _, identifier in sorted(self._due, key=lambda entry: entry[1])]
            leaving = (
                waiting if chosen is None else [identifier for identifier in chosen if identifier in waiting]
            )
            self._due = [entry for entry in self._due if entry[2] not in leaving]
            heapq.heapify(self._due)
        if order == "reversed":
            leaving = leaving[::-1]
        elif order == "shuffled":
            random.Random(seed).shuffle(leaving)
        results = [self._attempt(identifier) for identifier in leaving]
        if chosen is None:
            with self._changed:
                self._held = False
                self._changed.notify_all()
        return results

    def deliver(
        self, event: Json, times: int, concurrent: bool, age: int = 0, secret: str | None = None
    ) -> list[int]:
        """Deliver an event here and now, beside the usual deliveries.

        Statuses in order, 0 where nobody answered.
        """

        def once(_: int) -> int:
            return self.send(event, age, secret)

        if not concurrent:
            return [once(turn) for turn in range(times)]
        with ThreadPoolExecutor(max_workers=times) as pool:
            return list(pool.map(once, range(times)))

    def send(self, event: Json, age: int = 0, secret: str | None = None) -> int:
        """One attempt, signed `age` seconds ago; the endpoint's status, 0 when it did not answer."""
        payload, headers = self.signed(event, age, secret or self._secret)
        return posted(self._url, self._url.path or "/", payload, headers)

    def signed(self, event: Json, age: int, secret: str) -> tuple[bytes, dict[str, str]]:
        """The body of an event, and its headers, signed `age` seconds ago."""
        payload = json.dumps(event, indent=2).encode()
        return payload, {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature_header(payload, secret, now() - age),
        }

    def controlled(self, method: str, parts: list[str], params: Params) -> Json | None:
        """What `/test/webhooks` asks of a courier; None where there is no such control."""
        match (method, *parts):
            case ("GET", "webhooks"):
                return self.shown()
            case ("POST", "webhooks", "hold"):
                self.hold()
                return self.shown()
            case ("POST", "webhooks", "release"):
                order = params.text("order", ("created", "reversed", "shuffled")) or "created"
                seed, chosen = params.whole("seed") or 0, params.words("events")
                params.done()
                return {"delivered": self.release(order, seed, chosen)}
            case ("POST", "webhooks", "wait"):
                return {"idle": self.await_idle(params.seconds("seconds") or 10)}
        return None

    def await_idle(self, seconds: float) -> bool:
        """Whether everything is delivered (or held) within the given time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0 and (self._held or not self._due), seconds)

    def shown(self) -> Json:
        """For `GET /test/webhooks`."""
        with self._changed:
            waiting = [identifier for _, _, identifier in sorted(self._due, key=lambda entry: entry[1])]
            return {"url": self._url.geturl(), "held": self._held, "busy": self._busy, "waiting": waiting}

    def forget(self) -> None:
        """Drop what waits."""
        with self._changed:
            self._due.clear()
            self._changed.notify_all()

    def _push(self, identifier: str, delay: float) -> None:
        with self._changed:
            self._serial += 1
            heapq.heappush(self._due, (time.monotonic() + delay, self._serial, identifier))
            self._changed.notify()

    def _work(self) -> None:
        while True:
            identifier = self._next()
            if identifier is None:
                return
            try:
                self._attempt(identifier)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _next(self) -> str | None:
        with self._changed:
            while not self._stopping:
                if self._held or not self._due:
                    self._changed.wait()
                    continue
                wait = self._due[0][0] - time.monotonic()
                if wait <= 0:
                    self._busy += 1
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None

    def _attempt(self, identifier: str) -> Json:
        with self._store.lock:
            event = self._store.objects["event"].get(identifier)
            attempts = self._store.undelivered.get(identifier)
        if event is None or attempts is None:
            return {"event": identifier, "type": None, "status": 0}
        status = self.send(event)
        with self._store.lock:
            if 200 <= status < 300:
                event["pending_webhooks"] = 0
                self._store.undelivered.pop(identifier, None)
            elif attempts < len(RETRY_SECONDS) and identifier in self._store.undelivered:
                self._store.undelivered[identifier] = attempts + 1
                self._push(identifier, RETRY_SECONDS[attempts])
            else:
                self._store.undelivered.pop(identifier, None)
        return {"event": identifier, "type": event["type"], "status": status}


def posted(endpoint: SplitResult, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status with which an endpoint answers a webhook, 0 where nobody does in time."""
    kind = http.client.HTTPSConnection if endpoint.scheme == "https" else http.client.HTTPConnection
    connection = kind(endpoint.hostname or "", endpoint.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
