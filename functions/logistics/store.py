"""Rows of the table `logistics`. They never leave this module."""

from datetime import datetime

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.kernel.clock import parsed, rfc3339
from entrepot.kernel.refusals import Kind, Refusal
from functions.logistics.domain.shipment import Shipment


class ShipmentExists(Refusal):
    code = "shipment_exists"
    kind = Kind.CONFLICT
    title = "This shipment is already open."


class Superseded(Refusal):
    code = "superseded"
    kind = Kind.CONFLICT
    title = "The shipment was changed by another scan meanwhile."


class ShipmentRow(Row):
    """A shipment: pk `shipment#<shipment id>`, sk "shipment". Reached by id; `revision` counts changes."""

    class Meta:
        table_name = aws.name("logistics")

    revision = Number()
    shipment = Document[Shipment](Shipment)


class TrackingRow(Row):
    """Which shipments bore a tracking number: pk `tracking#<carrier>#<number>`, sk the shipment's id.

    Reached by carrier and number, all shipments of a number at once; few, for numbers are seldom reused.
    """

    class Meta:
        table_name = aws.name("logistics")

    registered_at = Text()


def opened(shipment: Shipment) -> list[writes.Write]:
    """The writes that make a shipment and let its scans find it."""
    tracking = TrackingRow(
        _tracking_key(shipment.carrier, shipment.tracking_number),
        shipment.shipment_id,
        registered_at=rfc3339(shipment.registered_at),
    )
    return [writes.create(_row(shipment), ShipmentExists()), writes.create(tracking, ShipmentExists())]


def changed(shipment: Shipment, seen_revision: int) -> writes.Write:
    """The write of a shipment that was read at `seen_revision`. Raises, at commit: Superseded."""
    return writes.put(_row(shipment), ShipmentRow.revision == seen_revision, Superseded())


def shipment_read(shipment_id: str) -> reads.Read[Shipment]:
    return reads.Read(ShipmentRow, _shipment_key(shipment_id), "shipment", lambda row: row.shipment)


def registrations(carrier: str, number: str) -> list[tuple[datetime, str]]:
    """When each shipment under a tracking number was registered, and its id."""
    return reads.query_all(
        TrackingRow,
        _tracking_key(carrier, number),
        lambda row: (parsed(row.registered_at), row.sk),
        consistent=True,
    )


def _row(shipment: Shipment) -> ShipmentRow:
    return ShipmentRow(
        _shipment_key(shipment.shipment_id), "shipment", revision=shipment.revision, shipment=shipment
    )


def _shipment_key(shipment_id: str) -> str:
    return f"shipment#{shipment_id}"


def _tracking_key(carrier: str, number: str) -> str:
    return f"tracking#{carrier}#{number}"
