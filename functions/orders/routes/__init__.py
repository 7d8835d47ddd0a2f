"""The HTTP routes of carts, quotes, orders, shipments and refunds."""

from entrepot.cloud.http import Api

api = Api(__name__)

from functions.orders.routes import carts, documents, fulfilment, orders, quotes  # noqa: E402, F401  they register on `api`
