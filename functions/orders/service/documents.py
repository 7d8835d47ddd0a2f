"""The papers of a shipment, composed from the order's snapshot and the shipment, and made anew at each call."""

from entrepot.cloud import reads
from entrepot.kernel.money import Money, total
from entrepot.kernel.refusals import NotFound
from functions.logistics import facade as logistics
from functions.membership import facade as membership
from functions.orders.domain.order import CHARGES, Order, OrderLine
from functions.orders.domain.quote import Address
from functions.orders.service import access, people
from functions.orders.service.carts import Caller

ACTION = "shipments.documents"
_NAMES = {
    "goods": "Goods",
    "freight": "Freight",
    "insurance": "Insurance",
    "duty": "Duty",
    "import_tax": "Import tax",
    "fees": "Fees",
}


def declared(shipment_id: str, caller: Caller) -> logistics.Declaration:
    """What the papers of a shipment say, for its merchant and the operator.

    Raises: NotFound: there is no such shipment, or not for this caller.
    """
    shipment = reads.fetch_one(logistics.shipment_read(shipment_id), consistent=True)
    if shipment is None:
        raise NotFound
    sight = access.seen(shipment.order_id, caller, ACTION)
    if sight.role == "shopper" or shipment.merchant_id not in sight.merchants:
        raise NotFound
    merchant = reads.fetch_one(membership.merchant_read(shipment.merchant_id))
    assert merchant is not None, "a shipment is its merchant's"
    to = people.address(sight.order)
    return declaration(sight.order, to, shipment, merchant.name, merchant.country)


def declaration(
    order: Order, to: Address, shipment: logistics.Shipment, merchant: str, country: str
) -> logistics.Declaration:
    """The shipped units at their part of the order's amounts: all shipments of a line sum to the line.

    Units of earlier shipments are skipped, so that the papers of a shipment stay what they were.
    """
    lines = {line.sku: line for line in order.lines}
    shipped = [
        (lines[sku], units, _before(order, shipment.shipment_id, sku)) for sku, units in shipment.lines
    ]
    charges = [(_NAMES[charge], _sum(shipped, charge, order.currency)) for charge in CHARGES]
    charges.insert(1, ("Discount", -_sum(shipped, "discount", order.currency)))
    place = " ".join(part for part in (to.postal_code, to.city, to.region) if part)
    skus = {sku for sku, _ in shipment.lines}
    return logistics.Declaration(
        shipment_id=shipment.shipment_id,
        order_id=order.order_id,
        on=shipment.registered_at.date(),
        sender=logistics.Party(merchant, (country,)),
        consignee=logistics.Party(
            to.name, tuple(line for line in (to.line1, to.line2, place, to.country) if line), to.phone
        ),
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        incoterm=next(
            parcel.incoterm
            for parcel in order.parcels
            if parcel.merchant_id == shipment.merchant_id and skus & {line.sku for line in parcel.lines}
        ),
        lines=tuple(_line(line, units, skipped) for line, units, skipped in shipped),
        charges=tuple(charges),
        total=total((amount for _, amount in charges), order.currency),
    )


def _line(line: OrderLine, units: int, skipped: int) -> logistics.DeclaredLine:
    bought = line.bought
    return logistics.DeclaredLine(
        sku=line.sku,
        description=bought.title,
        quantity=units,
        unit_price=bought.unit_price,
        goods=line.part("goods", units, skipped),
        hs_code=bought.hs_code,
        origin_country=bought.origin_country,
        weight_grams=bought.weight_grams,
    )


def _before(order: Order, shipment_id: str, sku: str) -> int:
    """Units of a SKU in the shipments made before this one."""
    before = 0
    for other in order.shipments:
        if other.shipment_id == shipment_id:
            break
        before += dict(other.lines).get(sku, 0)
    return before


def _sum(shipped: list[tuple[OrderLine, int, int]], charge: str, currency: str) -> Money:
    return total((line.part(charge, units, skipped) for line, units, skipped in shipped), currency)
