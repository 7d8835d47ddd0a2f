"""Orders for the tests of pure code, and strategies that make them."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from entrepot.kernel.money import Money
from functions.orders.domain.lifecycle import Status
from functions.orders.domain.order import Order, OrderLine, Share
from functions.orders.domain.quote import Owed, Parcel, ParcelLine, Promise, QuoteLine

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def line(
    sku: str = "A", merchant: str = "mrc_1", quantity: int = 1, price: int = 1000, **charges: int
) -> OrderLine:
    def eur(name: str) -> Money:
        return Money(charges.get(name, 0), "EUR")

    bought = QuoteLine(
        sku=sku,
        merchant_id=merchant,
        warehouse_id=f"whs_{merchant}",
        title=sku,
        quantity=quantity,
        unit_price=Money(price, "EUR"),
        goods=Money(price * quantity, "EUR"),
        discount=eur("discount"),
        freight=eur("freight"),
        duty=eur("duty"),
        import_tax=eur("import_tax"),
        fees=eur("fees"),
    )
    return OrderLine(bought)


def order(*lines: OrderLine, status: Status = Status.AWAITING_PAYMENT, captured: bool = False) -> Order:
    lines = lines or (line(),)
    merchants = list(dict.fromkeys(each.merchant_id for each in lines))
    total = Money(sum(each.bought.total.amount for each in lines), "EUR")
    return Order(
        order_id="ord_1",
        quote_id="quo_1",
        member_id=None,
        contact="sealed",
        ship_to="sealed",
        country="DE",
        region=None,
        lines=lines,
        parcels=tuple(
            _parcel(merchant, [x for x in lines if x.merchant_id == merchant]) for merchant in merchants
        ),
        explain=(),
        not_included=(),
        shares=tuple(Share(merchant, status) for merchant in merchants),
        total=total,
        payment_id="pay_1",
        payment_method="card",
        capture="automatic",
        placed_at=NOW,
        pay_before=LATER,
        timeline=(),
        rates="ECB",
        carrier="dhl_express",
        service="express_worldwide",
        authorised=total.amount if captured else 0,
        captured=total.amount if captured else 0,
    )


def _parcel(merchant: str, lines: list[OrderLine]) -> Parcel:
    tax = Money(sum(each.bought.import_tax.amount for each in lines), "EUR")
    return Parcel(
        merchant_id=merchant,
        warehouse_id=f"whs_{merchant}",
        carrier="dhl_express",
        service="express_worldwide",
        regime="import_at_sale",
        incoterm="ddp",
        lines=tuple(ParcelLine(each.sku, each.bought.quantity) for each in lines),
        freight=Money(sum(each.bought.freight.amount for each in lines), "EUR"),
        promise=Promise(date(2026, 11, 25), date(2026, 11, 28)),
        owed=(Owed("EU-IOSS", "import_tax", tax, "platform"),),
    )


_AMOUNTS = st.integers(0, 50_000)


@st.composite
def order_lines(draw: st.DrawFn, sku: str) -> OrderLine:
    quantity = draw(st.integers(1, 40))
    price = draw(st.integers(1, 20_000))
    return line(
        sku,
        draw(st.sampled_from(["mrc_1", "mrc_2", "mrc_3"])),
        quantity,
        price,
        discount=draw(st.integers(0, price * quantity)),
        freight=draw(_AMOUNTS),
        duty=draw(_AMOUNTS),
        import_tax=draw(_AMOUNTS),
        fees=draw(_AMOUNTS),
    )


@st.composite
def paid_orders(draw: st.DrawFn) -> Order:
    count = draw(st.integers(1, 6))
    lines = [draw(order_lines(f"SKU-{number}")) for number in range(count)]
    return order(*lines, status=Status.PAID, captured=True)
