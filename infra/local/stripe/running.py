"""What is the same of every stand-in for a payment provider: state kept between starts, webhooks, faults, a server."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self

from infra.local.stripe.delivery import Courier
from infra.local.stripe.faults import Faults
from infra.local.stripe.serving import LocalServer


class Keeps(Protocol):
    def load(self, path: Path) -> None: ...

    def save(self, path: Path) -> None: ...


class StandIn:
    """A running stand-in; also a context manager, for tests. A subclass binds `server`."""

    server: LocalServer

    def __init__(self, store: Keeps, courier: Courier | None, state: Path | None) -> None:
        """Args: state: kept there between starts."""
        if state is not None:
            store.load(state)
        self._store, self._state = store, state
        self.courier = courier
        self.faults = Faults()

    @property
    def url(self) -> str:
        """The base address, without a trailing slash."""
        return self.server.url

    def start_deliveries(self) -> None:
        """Begin to deliver webhooks, those of an earlier run first."""
        if self.courier is not None:
            self.courier.start()

    def close(self) -> None:
        """Let whoever hangs go, stop deliveries, and keep the state."""
        self.faults.clear()
        if self.courier is not None:
            self.courier.stop()
        if self._state is not None:
            self._store.save(self._state)

    def __enter__(self) -> Self:
        self.start_deliveries()
        self.server.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.stop()
        self.close()
