"""All that other contexts may call of logistics."""

from datetime import date
from pathlib import Path
from typing import Any

from functions.logistics.domain.carriers import BadTrackingNumber, UnknownCarrier
from functions.logistics.domain.declaration import Declaration, DeclaredLine, Papers, Party
from functions.logistics.domain.freight import FreightOption, NoCarrier, Piece
from functions.logistics.domain.packing import Item, ParcelTooLarge, TooManyPieces
from functions.logistics.domain.postal import UnknownPostalCode
from functions.logistics.domain.promise import Promise
from functions.logistics.domain.ranking import Offer, ranked
from functions.logistics.domain.shipment import Scan, Shipment, Status
from functions.logistics.papers import LINK_SECONDS as PAPERS_LINK_SECONDS
from functions.logistics.papers import QUEUE as PAPERS_QUEUE
from functions.logistics.papers import PapersWanted
from functions.logistics.papers import ask as ask_for_papers
from functions.logistics.papers import forget as forget_papers
from functions.logistics.papers import found as papers_found
from functions.logistics.papers import links as papers_links
from functions.logistics.papers import write as write_papers
from functions.logistics.service import open_shipment, options
from functions.logistics.store import ShipmentExists, rate_version_read, shipment_read
from functions.logistics.views import PromiseView, ScanView, ShipmentView, shipment_view

__all__ = [
    "PAPERS_LINK_SECONDS",
    "PAPERS_QUEUE",
    "BadTrackingNumber",
    "Declaration",
    "DeclaredLine",
    "FreightOption",
    "Item",
    "NoCarrier",
    "Offer",
    "Papers",
    "PapersWanted",
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
    "ask_for_papers",
    "forget_papers",
    "open_shipment",
    "options",
    "papers_found",
    "papers_links",
    "ranked",
    "rate_version_read",
    "shipment_read",
    "shipment_view",
    "typeset",
    "write_papers",
]


def typeset(template: Path, sheet: Any, dated: date) -> bytes:
    """What a template of typst makes of a sheet, which it reads as JSON: a PDF with the letters that it uses.

    Only in a function that has the layer of papers.
    """
    from functions.logistics import typst_gateway  # heavy, and in that layer alone

    return typst_gateway.typeset(template, sheet, dated)
