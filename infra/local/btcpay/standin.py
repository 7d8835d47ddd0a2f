"""The stand-in put together: store, API, controls, webhook courier and server."""

from __future__ import annotations

from pathlib import Path

from infra.local.btcpay.api import Api
from infra.local.btcpay.controls import Controls
from infra.local.btcpay.courier import Courier
from infra.local.btcpay.store import Store
from infra.local.stripe.faults import Faults
from infra.local.stripe.serving import LocalServer


class BtcpayStandIn:
    """A running stand-in; also a context manager, for tests."""

    def __init__(
        self,
        port: int = 0,
        webhook_url: str = "",
        webhook_secret: str = "",
        state: Path | None = None,
        store_id: str = "store-standin",
        api_key: str = "btcpay-standin",
    ) -> None:
        """Bind the port; nothing is served yet.

        Args: port: 0 for any free one; webhook_url: empty for no endpoint; state: kept there between starts.
        """
        self.store = Store(store_id, lambda: self.url)
        if state is not None:
            self.store.load(state)
        self._state = state
        self.courier = Courier(self.store, webhook_url, webhook_secret) if webhook_url else None
        if self.courier is not None:
            self.store.has_endpoint = True
            self.store.announce = self.courier.announce
        self.faults = Faults()
        controls = Controls(self.store, self.courier, self.faults)
        self.server = LocalServer(port, Api(self.store, controls, self.faults, api_key))

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
            self.store.save(self._state)

    def __enter__(self) -> BtcpayStandIn:
        self.start_deliveries()
        self.server.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.stop()
        self.close()
