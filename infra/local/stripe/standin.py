"""The stand-in put together: account, API, controls, webhook courier and server."""

from __future__ import annotations

from pathlib import Path

from infra.local.stripe.account import Account
from infra.local.stripe.api import Api
from infra.local.stripe.controls import Controls
from infra.local.stripe.delivery import Courier
from infra.local.stripe.running import StandIn
from infra.local.stripe.serving import LocalServer
from infra.local.stripe.store import Store


class StripeStandIn(StandIn):
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
        super().__init__(store, Courier(store, webhook_url, webhook_secret) if webhook_url else None, state)
        self.account = Account(store, has_endpoint=self.courier is not None)
        if self.courier is not None:
            self.account.announce = self.courier.announce
        controls = Controls(self.account, self.courier, self.faults)
        self.server = LocalServer(port, Api(self.account, controls, self.faults, secret_key))
