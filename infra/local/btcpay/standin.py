"""The stand-in put together: store, API, controls, webhook courier and server."""

from __future__ import annotations

from pathlib import Path

from infra.local.btcpay.api import Api
from infra.local.btcpay.controls import Controls
from infra.local.btcpay.courier import Courier
from infra.local.btcpay.store import Store
from infra.local.stripe.running import StandIn
from infra.local.stripe.serving import LocalServer


class BtcpayStandIn(StandIn):
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
        courier = Courier(self.store, webhook_url, webhook_secret) if webhook_url else None
        super().__init__(self.store, courier, state)
        if self.courier is not None:
            self.store.has_endpoint = True
            self.store.announce = self.courier.announce
        controls = Controls(self.store, self.courier, self.faults)
        self.server = LocalServer(port, Api(self.store, controls, self.faults, api_key))
