"""A shipment as the API shows it."""

from datetime import date

from entrepot.cloud.wire import View
from entrepot.kernel.clock import rfc3339
from functions.logistics.domain.shipment import Shipment


class PromiseView(View, frozen=True):
    earliest: date
    latest: date


class ScanView(View, frozen=True):
    time: str
    status: str
    message: str
    place: str


class ShipmentView(View, frozen=True):
    id: str
    order_id: str
    status: str
    carrier: str
    tracking_number: str
    lines: list[dict[str, str | int]]
    scans: list[ScanView]
    promise: PromiseView | None


def shipment_view(shipment: Shipment) -> ShipmentView:
    """Scans in order of time, oldest first."""
    promise = shipment.promise
    return ShipmentView(
        id=shipment.shipment_id,
        order_id=shipment.order_id,
        status=shipment.status.value,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        lines=[{"sku": sku, "quantity": quantity} for sku, quantity in shipment.lines],
        scans=[
            ScanView(
                time=rfc3339(scan.time), status=scan.status.value, message=scan.message, place=scan.place
            )
            for scan in shipment.scans
        ],
        promise=PromiseView(earliest=promise.earliest, latest=promise.latest) if promise else None,
    )
