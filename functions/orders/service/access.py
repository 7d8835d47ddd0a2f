"""Who may see and touch an order, and how its token is made. Another's order does not exist."""

import hashlib
import hmac
from dataclasses import dataclass

from entrepot.cloud import aws, reads
from entrepot.kernel.refusals import NotFound
from functions.orders import store
from functions.orders.domain.order import Order
from functions.orders.service.carts import Caller


@dataclass(frozen=True, slots=True)
class Sight:
    """An order as somebody may see it: `role` is "shopper", "merchant" or "operator"; a merchant sees its lines.

    It is the side that a caller stands on (`Principal.side`), whichever of that side's roles it has.
    """

    order: Order
    role: str
    merchant_id: str | None = None

    @property
    def merchants(self) -> tuple[str, ...]:
        """Whose lines this one may touch."""
        return (self.merchant_id,) if self.merchant_id else self.order.merchants


def order_token(order_id: str) -> str:
    """What opens a guest's order: an HMAC of its id, so that nothing needs to be kept."""
    key = aws.secret("order_token_key").encode()
    return hmac.new(key, order_id.encode(), hashlib.sha256).hexdigest()


def seen(order_id: str, caller: Caller, action: str = "orders.read") -> Sight:
    """Raises: NotFound."""
    return sight(reads.fetch_one(store.order_read(order_id), consistent=True), caller, action)


def sight(order: Order | None, caller: Caller, action: str = "orders.read") -> Sight:
    """The order for who may do `action` with it.

    Raises: NotFound: there is no such order, or not for this caller.
    """
    if order is None:
        raise NotFound
    who = caller.principal
    if who and who.side == "operator" and who.may(action):
        return Sight(order, "operator")
    if who and who.side == "merchant" and who.merchant_id in order.merchants and who.may(action):
        return Sight(order, "merchant", who.merchant_id)
    if who and order.member_id is not None and who.member_id == order.member_id:
        return Sight(order, "shopper")
    # As bytes: a header may hold letters that `compare_digest` takes in no text.
    given = (caller.token or "").encode(errors="replace")
    if hmac.compare_digest(given, order_token(order.order_id).encode()):
        return Sight(order, "shopper")
    raise NotFound
