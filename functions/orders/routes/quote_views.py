"""Carts and quotes as the API shows them."""

from entrepot.cloud.wire import View
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.money import Money
from functions.orders.domain.quote import Explanation, NotIncluded, Option, Quote, UsedRate
from functions.orders.routes.views import ParcelView, PromiseView, amounts, parcel_view
from functions.orders.service.carts import PricedCart, PricedLine


class CartLineView(View, frozen=True):
    """`warning` is "not_on_sale", "out_of_stock", "price_changed" or null."""

    sku: str
    quantity: int
    title: str | None
    unit_price: Money | None
    available: bool
    warning: str | None


class CartView(View, frozen=True):
    id: str
    lines: list[CartLineView]


class NewCartView(View, frozen=True):
    id: str
    lines: list[CartLineView]
    cart_token: str


class QuoteLineView(View, frozen=True):
    sku: str
    merchant_id: str
    title: str
    quantity: int
    unit_price: Money
    goods: Money
    discount: Money
    freight: Money
    insurance: Money
    duty: Money
    import_tax: Money
    fees: Money
    total: Money


class OptionView(View, frozen=True):
    """`recommended`: what this option is the best of its quote for: "cheapest", "fastest", "best"."""

    id: str
    recommended: list[str]
    carrier: str
    service: str
    promise: PromiseView
    parcels: list[ParcelView]
    lines: list[QuoteLineView]
    goods: Money
    discounts: Money
    freight: Money
    insurance: Money
    duty: Money
    import_tax: Money
    fees: Money
    total: Money
    not_included: list[NotIncluded]
    explain: list[Explanation]


class QuoteView(View, frozen=True):
    id: str
    expires_at: str
    currency: str
    rates: str
    used_rates: list[UsedRate]
    options: list[OptionView]


def cart_view(priced: PricedCart) -> CartView:
    return CartView(id=priced.cart.cart_id, lines=[_cart_line(line) for line in priced.lines])


def quote_view(quote: Quote) -> QuoteView:
    return QuoteView(
        id=quote.quote_id,
        expires_at=rfc3339(quote.expires_at),
        currency=quote.currency,
        rates=quote.rates,
        used_rates=list(quote.used_rates),
        options=[_option(option) for option in quote.options],
    )


def _option(option: Option) -> OptionView:
    return OptionView(
        id=option.option_id,
        recommended=list(option.recommended),
        carrier=option.carrier,
        service=option.service,
        promise=PromiseView(earliest=option.promise.earliest, latest=option.promise.latest),
        parcels=[parcel_view(parcel) for parcel in option.parcels],
        lines=[QuoteLineView(**amounts(line)) for line in option.lines],
        goods=option.sum_of("goods"),
        discounts=option.sum_of("discount"),
        freight=option.sum_of("freight"),
        insurance=option.sum_of("insurance"),
        duty=option.sum_of("duty"),
        import_tax=option.sum_of("import_tax"),
        fees=option.sum_of("fees"),
        total=option.total,
        not_included=list(option.not_included),
        explain=list(option.explain),
    )


def _cart_line(line: PricedLine) -> CartLineView:
    warning: str | None
    if line.offer is None:
        warning = "not_on_sale"
    elif not line.available:
        warning = "out_of_stock"
    else:
        warning = "price_changed" if line.offer.price != line.seen_price else None
    return CartLineView(
        sku=line.sku,
        quantity=line.quantity,
        title=line.offer.title if line.offer else None,
        unit_price=line.offer.price if line.offer else None,
        available=line.available and line.offer is not None,
        warning=warning,
    )
