"""The Chalice application: which module serves which paths, what AWS calls beside them, and how two leaves meet.

In Lambda a context is imported when one of its paths is asked for: a cold start pays for what it answers (ADR 92).
Everywhere else, as when the template is made and in tests, all of them are imported at once.
"""

import os
from functools import cache
from importlib import import_module
from typing import Any, Final

from entrepot.cloud import auth
from entrepot.cloud.application import Application
from entrepot.cloud.http import Api
from functions.catalogue import ports as catalogue_ports
from functions.inventory import ports as inventory_ports

SERVES: Final = {
    "/": "entrepot.cloud.basics",
    "/.well-known": "functions.membership.routes",
    "/v1/audit": "functions.audit.routes",
    "/v1/bank-statements": "functions.payments.routes",
    "/v1/carts": "functions.orders.routes",
    "/v1/clearing": "functions.clearing.routes",
    "/v1/erasures": "functions.privacy.routes",
    "/v1/hs-codes": "functions.customs.routes",
    "/v1/ledger": "functions.settlement.routes",
    "/v1/me": "functions.membership.routes",
    "/v1/me/erasure": "functions.privacy.routes",
    "/v1/me/exports": "functions.privacy.routes",
    "/v1/me/payment-methods": "functions.payments.routes",
    "/v1/members": "functions.membership.routes",
    "/v1/merchants": "functions.membership.routes",
    "/v1/merchants/{merchant_id}/payout-destinations": "functions.settlement.routes",
    "/v1/merchants/{merchant_id}/payout-hold": "functions.settlement.routes",
    "/v1/merchants/{merchant_id}/payout-schedule": "functions.settlement.routes",
    "/v1/merchants/{merchant_id}/payouts": "functions.settlement.routes",
    "/v1/merchants/{merchant_id}/statements": "functions.settlement.routes",
    "/v1/oauth": "functions.membership.routes",
    "/v1/orders": "functions.orders.routes",
    "/v1/passwords": "functions.membership.routes",
    "/v1/payout-files": "functions.settlement.routes",
    "/v1/payouts": "functions.settlement.routes",
    "/v1/products": "functions.catalogue.routes",
    "/v1/quotes": "functions.orders.routes",
    "/v1/rate-cards": "functions.logistics.routes",
    "/v1/refunds": "functions.orders.routes",
    "/v1/sessions": "functions.membership.routes",
    "/v1/shipments": "functions.orders.routes",
    "/v1/staff": "functions.membership.routes",
    "/v1/statements": "functions.settlement.routes",
    "/v1/stock": "functions.inventory.routes",
    "/v1/warehouses": "functions.inventory.routes",
    "/v1/webhooks": "functions.payments.routes",
    "/v1/webhooks/carriers": "functions.logistics.routes",
}
"""The module of a path's routes: that of the longest beginning, in whole parts, which the path has."""

_TRIGGERS: Final = (
    "entrepot.cloud.relay",
    "functions.audit.triggers",
    "functions.catalogue.triggers",
    "functions.clearing.triggers",
    "functions.inventory.triggers",
    "functions.logistics.triggers",
    "functions.membership.triggers",
    "functions.orders.triggers",
    "functions.payments.triggers",
    "functions.privacy.triggers",
    "functions.rates.triggers",
    "functions.settlement.triggers",
)
_WORKERS: Final = ("functions.customs.triggers",)


def server(path: str) -> str:
    """The module whose routes serve a path, as it is written where it is declared."""
    parts = path.split("/")
    beginnings = ("/".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((SERVES[beginning] for beginning in beginnings if beginning in SERVES), SERVES["/"])


@cache
def api(module: str) -> Api:
    """The routes of a module, registered with the application from the first time on."""
    found: Api = import_module(module).api
    app.register_blueprint(found.blueprint)
    return found


class _Later:
    """A module that is imported when it is first asked for something."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._module), name)


def _later(module: str) -> Any:
    return _Later(module)


app = Application("entrepot", lambda path: api(server(path)))

_ALL: Final = "AWS_LAMBDA_FUNCTION_NAME" not in os.environ

APIS: Final = tuple(api(module) for module in sorted(set(SERVES.values()))) if _ALL else ()
TRIGGERS: Final[tuple[Any, ...]] = (
    (
        *(import_module(module).triggers for module in _TRIGGERS),
        *(import_module(module).workers for module in _WORKERS),
    )
    if _ALL
    else ()
)
for registered in TRIGGERS:
    app.register_blueprint(registered.blueprint)

# A SKU belongs to a merchant (catalogue) and has stock or none (inventory): each asks the other through a port.
catalogue_ports.connect(_later("functions.inventory.facade"))
inventory_ports.connect(_later("functions.catalogue.facade"))
# The edge takes an API key in a token's place; membership knows them.
auth.connect_keys(lambda text, now: _later("functions.membership.facade").key_holder(text, now))
