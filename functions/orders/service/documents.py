"""The papers of a shipment: what they say is composed from the order's snapshot and the shipment; a job writes them."""

from datetime import datetime

import msgspec

from entrepot.cloud import reads, telemetry
from entrepot.kernel.money import Money, total
from entrepot.kernel.refusals import NotFound
from functions.logistics import facade as logistics
from functions.membership import facade as membership
from functions.orders import store
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

    Raises: NotFound: there is no such shipment, or not for this caller. BuyerForgotten.
    """
    shipment = reads.fetch_one(logistics.shipment_read(shipment_id), consistent=True)
    if shipment is None:
        raise NotFound
    sight = access.seen(shipment.order_id, caller, ACTION)
    if sight.role == "shopper" or shipment.merchant_id not in sight.merchants:
        raise NotFound
    return _composed(sight.order, shipment)


def asked(shipment_id: str, caller: Caller, now: datetime) -> tuple[logistics.Declaration, logistics.Papers]:
    """Have the papers written, unless they are there or on their way. Raises: as `declared`."""
    said = declared(shipment_id, caller)
    return said, logistics.ask_for_papers(said, now)


def shown(
    shipment_id: str, caller: Caller, now: datetime
) -> tuple[logistics.Declaration, logistics.Papers | None]:
    """What the papers say, and how far they are; None where nobody asked for papers that say this.

    Raises: as `declared`.
    """
    said = declared(shipment_id, caller)
    papers = logistics.papers_found(said.order_id, shipment_id, now)
    return said, papers if papers is not None and papers.digest == said.digest else None


def write(body: str) -> None:
    """The job of a message: compose anew what the papers say, and have it written.

    A shipment that is gone has no papers. One whose consignee was forgotten may have none: what an earlier try of this
    job has left is dropped.
    """
    wanted = msgspec.json.decode(body, type=logistics.PapersWanted)
    order, shipment = reads.fetch(
        store.order_read(wanted.order_id), logistics.shipment_read(wanted.shipment_id), consistent=True
    )
    if order is None or shipment is None:
        telemetry.log("papers_of_nothing", level="warning", shipment_id=wanted.shipment_id)
        return
    if order.kept_until is not None:
        logistics.forget_papers(order.order_id)
        return
    logistics.write_papers(_composed(order, shipment))


def _composed(order: Order, shipment: logistics.Shipment) -> logistics.Declaration:
    merchant = reads.fetch_one(membership.merchant_read(shipment.merchant_id))
    assert merchant is not None, "a shipment is its merchant's"
    return declaration(order, people.address(order), shipment, merchant.name, merchant.country)


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
        destination=to.country,
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
