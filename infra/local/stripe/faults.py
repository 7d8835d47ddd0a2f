"""Faults of the provider, ordered by a test.

It is down, hangs, is slow, or drops the connection before or after acting.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from enum import StrEnum

from infra.local.stripe.forms import Params
from infra.local.stripe.serving import Json


class Mode(StrEnum):
    """`hang` keeps the connection until the fault is cleared and then drops it; `slow` acts and answers."""

    UNAVAILABLE = "unavailable"
    HANG = "hang"
    SLOW = "slow"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"


@dataclass(slots=True)
class Fault:
    """Strikes calls whose path begins with `path`.

    method: any when empty. times: None until cleared. until: monotonic seconds. status, code: of `unavailable`.
    """

    mode: Mode
    method: str
    path: str
    times: int | None
    until: float | None
    status: int
    code: str | None = None
    struck: int = 0

    def shown(self) -> Json:
        """For `GET /test/faults`."""
        left = None if self.until is None else max(0.0, round(self.until - time.monotonic(), 3))
        return {
            "mode": self.mode.value,
            "method": self.method,
            "path": self.path,
            "times": self.times,
            "seconds_left": left,
            "status": self.status,
            "code": self.code,
            "struck": self.struck,
        }


class Faults:
    """The faults in force, the first that matches strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._waiting = 0
        self._changed = threading.Condition()

    def order(self, params: Params) -> Fault:
        """`POST /test/faults`."""
        mode = Mode(params.required("mode", [mode.value for mode in Mode]))
        seconds = params.seconds("seconds")
        fault = Fault(
            mode=mode,
            method=(params.text("method") or "").upper(),
            path=params.text("path") or "/v1/",
            times=params.whole("times", least=1),
            until=None if seconds is None else time.monotonic() + seconds,
            status=params.whole("status", least=400) or 503,
            code=params.text("code"),
        )
        params.done()
        with self._changed:
            self._faults.append(fault)
        return fault

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this call, counted."""
        with self._changed:
            for fault in self._faults:
                expired = fault.until is not None and time.monotonic() >= fault.until
                spent = fault.times is not None and fault.struck >= fault.times
                if expired or spent or fault.method not in ("", method) or not path.startswith(fault.path):
                    continue
                fault.struck += 1
                return fault
        return None

    def wait_out(self, fault: Fault) -> None:
        """Block until the fault is cleared or its time is over."""
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            try:
                while any(known is fault for known in self._faults):
                    left = None if fault.until is None else fault.until - time.monotonic()
                    if left is not None and left <= 0:
                        return
                    self._changed.wait(left)
            finally:
                self._waiting -= 1
                self._changed.notify_all()

    def await_waiting(self, count: int, seconds: float) -> bool:
        """Whether at least `count` calls hang within the given time; lets a test go on without sleeping."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting >= count, seconds)

    def clear(self) -> None:
        """`DELETE /test/faults`: everything works again, and whoever hangs goes on."""
        with self._changed:
            self._faults.clear()
            self._changed.notify_all()

    def shown(self) -> Json:
        """`GET /test/faults`."""
        with self._changed:
            return {"faults": [fault.shown() for fault in self._faults], "waiting": self._waiting}
