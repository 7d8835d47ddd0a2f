"""All that other contexts may call of logistics."""

from collections.abc import Iterator

from functions.logistics.domain.carriers import BadTrackingNumber, UnknownCarrier
from functions.logistics.domain.freight import FreightOption, NoCarrier, Piece
from functions.logistics.domain.packing import Item, ParcelTooLarge, TooManyPieces
from functions.logistics.domain.paperwork import PAPERS, Declaration, DeclaredLine, Party
from functions.logistics.domain.postal import UnknownPostalCode
from functions.logistics.domain.promise import Promise
from functions.logistics.domain.ranking import Offer, ranked
from functions.logistics.domain.shipment import Scan, Shipment, Status
from functions.logistics.service import open_shipment, options
from functions.logistics.store import ShipmentExists, rate_version_read, shipment_read
from functions.logistics.views import PromiseView, ScanView, ShipmentView, shipment_view

__all__ = [
    "BadTrackingNumber",
    "Declaration",
    "DeclaredLine",
    "FreightOption",
    "Item",
    "NoCarrier",
    "Offer",
    "ParcelTooLarge",
    "Party",
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
    "papers",
    "ranked",
    "rate_version_read",
    "shipment_read",
    "shipment_view",
]


def papers(declared: Declaration) -> Iterator[tuple[str, bytes]]:
    """Each paper of a shipment as a PDF: commercial_invoice, cn22, cn23, packing_list."""
    for kind, written in PAPERS.items():
        yield kind, written(declared)
