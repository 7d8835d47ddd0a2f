"""Use cases: offer freight, open a shipment, take what carriers tell."""

import base64
import binascii
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Final

import msgspec

from entrepot.cloud import aws, outbox, reads, telemetry, writes
from entrepot.contracts.logistics import ShipmentMoved
from entrepot.contracts.orders import BuyerForgotten
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy, Kind, NotFound, Refusal
from functions.logistics import (
    aftership_gateway,
    easypost_gateway,
    importing,
    papers,
    seventeentrack_gateway,
    store,
    tariffs,
)
from functions.logistics.domain import carriers, freight
from functions.logistics.domain.freight import FreightOption, Lane
from functions.logistics.domain.packing import Item
from functions.logistics.domain.promise import Promise
from functions.logistics.domain.shipment import (
    Report,
    Scan,
    Shipment,
    decisive_scan,
    forgotten,
    is_credible,
    owner_of,
    with_scans,
)

SOURCES: Final = {
    source.name: source
    for source in (aftership_gateway.SOURCE, easypost_gateway.SOURCE, seventeentrack_gateway.SOURCE)
}
SCANS_QUEUE: Final = "logistics-scans"
_LARGEST_MESSAGE: Final = 256 * 1024
_TRIES: Final = 5


class BadSignature(Refusal):
    code = "bad_signature"
    kind = Kind.UNAUTHENTICATED
    title = "The signature is missing or is not that of this body."


class WebhookTooLarge(Refusal):
    code = "webhook_too_large"
    kind = Kind.TOO_LARGE
    title = "This webhook does not fit on the queue, not even deflated."


class UnknownTracking(Refusal):
    code = "unknown_tracking"
    kind = Kind.NOT_FOUND
    title = "No shipment of ours bears this tracking number."


class _Message(msgspec.Struct, frozen=True):
    """What the queue of scans holds: a webhook whose signature was good. The body is deflated, in base64."""

    source: str
    received_at: datetime
    body: str


_MESSAGE: Final = msgspec.json.Decoder(_Message)


def options(
    dispatch_country: str,
    mode: str,
    destination_country: str,
    postal_code: str | None,
    items: tuple[Item, ...],
    on: date,
    *,
    at: datetime | None = None,
    version: int | None = None,
) -> tuple[FreightOption, ...]:
    """Every way to send `items` as one shipment, the cheapest first, in the currency of the dispatch country.

    Args: mode: direct_mail, bonded or overseas. on: the day of the order in UTC. at: its moment, which the cut-off
        is compared with; without it the order is in time. version: what `rate_version_read` found; without it the
        packaged rate cards alone.
    Raises: NoCarrier, UnknownPostalCode, ParcelTooLarge, TooManyPieces. ValueError: no such mode.
    """
    if mode not in tariffs.network().handling:
        raise ValueError(f"{mode!r} is no fulfilment mode")
    lane = Lane(dispatch_country, mode, destination_country, postal_code)
    moment = at or datetime.combine(on, time(), UTC)
    return freight.options(importing.book(version), tariffs.network(), lane, items, moment)


def open_shipment(
    shipment_id: str,
    order_id: str,
    merchant_id: str,
    carrier: str,
    tracking_number: str,
    lines: tuple[tuple[str, int], ...],
    promise: Promise | None,
    now: datetime,
) -> tuple[Shipment, list[writes.Write]]:
    """A parcel handed over: the shipment, and the two writes that make it, for the transaction of the order.

    Args: lines: SKU and quantity.
    Raises: UnknownCarrier, BadTrackingNumber; ShipmentExists at commit.
    """
    shipment = Shipment(
        shipment_id=shipment_id,
        order_id=order_id,
        merchant_id=merchant_id,
        carrier=carriers.carrier_of(carrier, tariffs.carriers()).code,
        tracking_number=carriers.tracking_number(tracking_number),
        lines=lines,
        promise=promise,
        registered_at=now,
    )
    return shipment, store.opened(shipment)


def receive(source_name: str, headers: Mapping[str, str], raw: bytes, now: datetime) -> None:
    """Put a carrier's webhook on the queue of scans, if it is genuine and tells of scans.

    Args: headers: names in lower case.
    Raises: NotFound: no such source. BadSignature. Malformed: a genuine body that is no such webhook.
    """
    source = SOURCES.get(source_name)
    if source is None:
        raise NotFound
    signature, secrets = headers.get(source.header), aws.accepted(source.secret, now)
    if not signature or not any(source.is_signed(raw, signature, secret) for secret in secrets):
        raise BadSignature(field=source.header)
    report = source.report(raw)
    if report is None or not report.scans:
        telemetry.log("webhook_without_scans", source=source_name)
        return
    body = base64.b64encode(zlib.compress(raw)).decode()
    message = msgspec.json.encode(_Message(source_name, now, body)).decode()
    if len(message) > _LARGEST_MESSAGE:
        raise WebhookTooLarge
    aws.client("sqs").send_message(QueueUrl=aws.queue_url(SCANS_QUEUE), MessageBody=message)


def take_message(body: str, now: datetime) -> None:
    """Apply a message of the queue of scans.

    Raises: UnknownTracking: the queue sends it again, for the shipment may be registered a moment later, and
    then sets it aside among its dead letters: carriers also tell of parcels that are not ours.
    """
    message = _MESSAGE.decode(body)
    report = SOURCES[message.source].report(_inflated(message.body))
    assert report is not None, "a webhook without a report was put on the queue"
    take_report(report, message.received_at, now)


def take_report(report: Report, received_at: datetime, now: datetime) -> None:
    """Apply the scans of a report to the shipments they belong to, each shipment in a transaction of its own.

    Raises: UnknownTracking: none of them belongs to a shipment of ours.
    """
    scans = [scan for scan in report.scans if is_credible(scan, received_at)]
    if len(scans) < len(report.scans):
        ignored = len(report.scans) - len(scans)
        telemetry.log("scans_ignored", level="warning", reason="future", source=report.source, scans=ignored)
    if not scans:
        return
    by_shipment = _by_shipment(report, scans)
    if not by_shipment:
        raise UnknownTracking(source=report.source)
    for shipment_id, its_scans in by_shipment.items():
        _apply(shipment_id, its_scans, now)


def on_buyer_forgotten(event: BuyerForgotten, handled: writes.Write, now: datetime) -> None:
    """The parcels of an order forget whom they went to, and their papers go."""
    papers.forget(event.order_id)
    for shipment_id in event.shipment_ids:
        _forget(shipment_id, event.kept_until)
    writes.commit(handled)


def _forget(shipment_id: str, until: date) -> None:
    for _ in range(_TRIES):
        shipment = reads.fetch_one(store.shipment_read(shipment_id), consistent=True)
        if shipment is None or shipment.forgotten:
            return
        try:
            writes.commit(*store.forgotten(forgotten(shipment, until), shipment.revision))
        except store.Superseded:
            continue
        return
    raise Busy


def _by_shipment(report: Report, scans: Iterable[Scan]) -> dict[str, list[Scan]]:
    registrations = [
        registration
        for carrier in _candidates(report)
        for registration in store.registrations(carrier, report.number)
    ]
    by_shipment: dict[str, list[Scan]] = defaultdict(list)
    for scan in scans:
        shipment_id = owner_of(scan, registrations)
        if shipment_id is not None:
            by_shipment[shipment_id].append(scan)
    return by_shipment


def _candidates(report: Report) -> list[str]:
    """The carriers a report may be about: the one it names, or all of ours where it names none."""
    known = tariffs.carriers()
    if report.carrier is None:
        return list(known)
    code = carriers.alias_of(report.source, report.carrier, known.values())
    return [code] if code else []


def _apply(shipment_id: str, scans: Iterable[Scan], now: datetime) -> None:
    for _ in range(_TRIES):
        shipment = reads.fetch_one(store.shipment_read(shipment_id), consistent=True)
        assert shipment is not None, "a tracking number leads to no shipment"
        moved = with_scans(shipment, scans)
        if moved is shipment:
            return
        try:
            writes.commit(store.changed(moved, shipment.revision), *_announcement(shipment, moved, now))
        except store.Superseded:
            continue
        if moved.status is not shipment.status:
            telemetry.log("shipment_moved", shipment_id=shipment_id, status=moved.status.value)
        return
    raise Busy


def _announcement(before: Shipment, after: Shipment, now: datetime) -> list[writes.Write]:
    if after.status is before.status:
        return []
    decisive = decisive_scan(after.scans)
    assert decisive is not None, "a status changed without a scan"
    event = ShipmentMoved(
        event_id=new_id("evt", now),
        occurred_at=now,
        shipment_id=after.shipment_id,
        order_id=after.order_id,
        merchant_id=after.merchant_id,
        status=after.status.value,
        previous_status=before.status.value,
        scanned_at=decisive.time,
    )
    return [outbox.announce(event)]


def _inflated(body: str) -> bytes:
    try:
        return zlib.decompress(base64.b64decode(body, validate=True))
    except (binascii.Error, zlib.error) as error:
        raise ValueError("the queue holds a message that we did not write") from error
