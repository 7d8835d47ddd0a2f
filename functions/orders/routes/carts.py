"""Routes of carts."""

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, IdText, Quantity
from entrepot.contracts.permissions import ANY, PUBLIC
from functions.orders.routes import api
from functions.orders.routes.quote_views import CartView, NewCartView, cart_view
from functions.orders.service import carts
from functions.orders.service.carts import Caller


class LineBody(Body, frozen=True):
    quantity: Quantity


class MergeBody(Body, frozen=True):
    """The guest's cart whose lines come over; header Cart-Token opens it."""

    from_cart_id: IdText


def caller(call: Call) -> Caller:
    return Caller(call.principal, call.headers.get("cart-token"))


@api.post("/v1/carts", allow=PUBLIC, status=201)
def open_cart(call: Call) -> NewCartView:
    cart, token = carts.open_cart(caller(call), call.now)
    return NewCartView(id=cart.cart_id, lines=[], cart_token=token)


@api.get("/v1/carts/{cart_id}", allow=PUBLIC)
def read_cart(call: Call, cart_id: str) -> CartView:
    return cart_view(carts.read_cart(cart_id, caller(call)))


@api.put("/v1/carts/{cart_id}/lines/{sku}", allow=PUBLIC, refuses=(422,))
def set_cart_line(call: Call, body: LineBody, cart_id: str, sku: str) -> CartView:
    return cart_view(carts.set_line(cart_id, sku, body.quantity, caller(call), call.now))


@api.delete("/v1/carts/{cart_id}/lines/{sku}", allow=PUBLIC)
def remove_cart_line(call: Call, cart_id: str, sku: str) -> CartView:
    return cart_view(carts.remove_line(cart_id, sku, caller(call), call.now))


@api.post("/v1/carts/{cart_id}/merge", allow=ANY, refuses=(422,))
def merge_carts(call: Call, body: MergeBody, cart_id: str) -> CartView:
    return cart_view(carts.merge(cart_id, body.from_cart_id, caller(call), call.now))
