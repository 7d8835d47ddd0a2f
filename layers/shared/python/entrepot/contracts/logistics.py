"""What logistics publishes."""

from datetime import datetime
from typing import ClassVar

from entrepot.contracts.events import Event


class ShipmentMoved(Event, frozen=True, kw_only=True):
    """A shipment's status changed.

    It may skip statuses. It leaves `delivered` only for `returned`, and that never.

    status, previous_status: of the API's shipment statuses. scanned_at: the time of the scan that says so.
    """

    NAME: ClassVar[str] = "logistics.shipment_moved"

    shipment_id: str
    order_id: str
    merchant_id: str
    status: str
    previous_status: str
    scanned_at: datetime
