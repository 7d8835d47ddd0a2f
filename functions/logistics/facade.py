"""All that other contexts may call of logistics."""

from functions.logistics.domain.carriers import BadTrackingNumber, UnknownCarrier
from functions.logistics.domain.freight import FreightOption, NoCarrier, Piece
from functions.logistics.domain.packing import Item, ParcelTooLarge, TooManyPieces
from functions.logistics.domain.postal import UnknownPostalCode
from functions.logistics.domain.promise import Promise
from functions.logistics.domain.ranking import Offer, ranked
from functions.logistics.domain.shipment import Scan, Shipment, Status
from functions.logistics.service import open_shipment, options
from functions.logistics.store import ShipmentExists, rate_version_read, shipment_read
from functions.logistics.views import PromiseView, ScanView, ShipmentView, shipment_view

__all__ = [
    "BadTrackingNumber",
    "FreightOption",
    "Item",
    "NoCarrier",
    "Offer",
    "ParcelTooLarge",
    "Piece",
    "Promise",
    "PromiseView",
    "Scan",
    "ScanView",
    "Shipment",
    "ShipmentExists",
    "ShipmentView",
    "Status",
    "TooManyPieces",
    "UnknownCarrier",
    "UnknownPostalCode",
    "open_shipment",
    "options",
    "ranked",
    "rate_version_read",
    "shipment_read",
    "shipment_view",
]
