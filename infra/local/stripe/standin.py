"""The stand-in put together: account, API, controls, webhook courier and server."""

from __future__ import annotations

from pathlib import Path

from infra.local.stripe.account import Account
from infra.local.stripe.api import Api
from infra.local.stripe.controls import Controls
from infra.local.stripe.delivery import Courier
from infra.local.stripe.faults import Faults
from infra.local.stripe.serving import LocalServer
from infra.local.stripe.store import Store


class StripeStandIn:
    """A running stand-in; also a context manager, for tests."""

    def __init__(
        self,
        port: int = 0,
        webhook_url: str = "",
        webhook_secret: str = "",
        state: Path | None = None,
        secret_key: str | None = None,
    ) -> None:
        """Bind the port; nothing is served yet.

        Args: port: 0 for any free one; webhook_url: empty for no endpoint; state: kept there between starts.
        """
        store = Store()
        if state is not None:
            store.load(state)
        self._state = state
        self.courier = Courier(store, webhook_url, webhook_secret) if webhook_url else None
        self.account = Account(store, has_endpoint=self.courier is not None)
        if self.courier is not None:
            self.account.announce = self.courier.announce
        self.faults = Faults()
        controls = Controls(self.account, self.courier, self.faults)
        self.server = LocalServer(port, Api(self.account, controls, self.faults, secret_key))

    @property
    def url(self) -> str:
        """The base address for the SDK's `base_addresses={"api": ...}`."""
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
            self.account.store.save(self._state)

    def __enter__(self) -> StripeStandIn:
        self.start_deliveries()
        self.server.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.stop()
        self.close()
