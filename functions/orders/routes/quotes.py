"""The route of quotes."""

from typing import Annotated, ClassVar, Literal

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.wire import AddressBody, Body, CurrencyCode, IdText, InvalidRequest, SkuLine, one_of
from entrepot.contracts.permissions import PUBLIC
from entrepot.kernel.refusals import Kind, Refusal
from functions.customs import facade as customs
from functions.orders.domain.quote import Address
from functions.orders.routes import api
from functions.orders.routes.carts import caller
from functions.orders.routes.quote_views import QuoteView, quote_view
from functions.orders.service import consigning, quoting

Codes = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=64)]], msgspec.Meta(max_length=20)
]


class ImporterBody(Body, frozen=True):
    """Who imports into China: a person, or an enterprise on record with its customs, by its unified social credit code.

    An enterprise imports in general trade: no quota, and duty and taxes in full.
    """

    kind: Literal["cn_resident_id", "cn_enterprise"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class QuoteBody(Body, frozen=True, kw_only=True):
    """Exactly one of `cart_id` and `lines`. A cart of a guest needs its Cart-Token."""

    SCHEMA: ClassVar = one_of({"cart_id": "string"}, {"lines": "array"})

    cart_id: IdText | None = None
    lines: Annotated[list[SkuLine], msgspec.Meta(min_length=1, max_length=100)] | None = None
    ship_to: AddressBody
    currency: CurrencyCode
    incoterm: Literal["ddp", "dap"] = "ddp"
    importer_identity: ImporterBody | None = None
    coupon_codes: Codes = msgspec.field(default_factory=list)
    points: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 0


class NoCoupons(Refusal):
    code = "coupon_unknown"
    kind = Kind.RULE
    title = "There is no such coupon."


class NoPoints(Refusal):
    code = "points_insufficient"
    kind = Kind.RULE
    title = "There are not so many points to spend."


@api.post("/v1/quotes", allow=PUBLIC, status=201, refuses=(404, 409, 422))
def make_quote(call: Call, body: QuoteBody) -> QuoteView:
    return quote_view(quoting.quote(_wish(body), caller(call), call.now))


def _wish(body: QuoteBody) -> consigning.Wish:
    if (body.cart_id is None) == (body.lines is None):
        raise InvalidRequest("Exactly one of cart_id and lines.", field="cart_id")
    if body.coupon_codes:
        raise NoCoupons(field="coupon_codes")
    if body.points:
        raise NoPoints(field="points")
    identity = body.importer_identity
    return consigning.Wish(
        cart_id=body.cart_id,
        lines=tuple((line.sku, line.quantity) for line in body.lines or ()),
        ship_to=Address(**msgspec.structs.asdict(body.ship_to)),
        currency=body.currency,
        incoterm=body.incoterm,
        importer=customs.ImporterIdentity(identity.kind, identity.name, identity.number)
        if identity
        else None,
    )
