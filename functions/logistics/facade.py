"""All that other contexts may call of logistics."""

from functions.logistics.domain.carriers import BadTrackingNumber, UnknownCarrier
from functions.logistics.domain.freight import FreightOption, Item, NoCarrier, Promise
from functions.logistics.domain.shipment import Scan, Shipment, Status
from functions.logistics.service import open_shipment, options
from functions.logistics.store import ShipmentExists, shipment_read
from functions.logistics.views import PromiseView, ScanView, ShipmentView, shipment_view

__all__ = [
    "BadTrackingNumber",
    "FreightOption",
    "Item",
    "NoCarrier",
    "Promise",
    "PromiseView",
    "Scan",
    "ScanView",
    "Shipment",
    "ShipmentExists",
    "ShipmentView",
    "Status",
    "UnknownCarrier",
    "open_shipment",
    "options",
    "shipment_read",
    "shipment_view",
]
