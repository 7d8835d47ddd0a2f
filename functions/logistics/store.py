"""Rows of the table `logistics`. They never leave this module."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.kernel.clock import parsed, rfc3339
from entrepot.kernel.refusals import Kind, Refusal
from functions.logistics import tariffs
from functions.logistics.domain.cards import RateCard
from functions.logistics.domain.declaration import KEPT, Papers, State
from functions.logistics.domain.shipment import Shipment

_RATE_CARDS: Final = "rate-cards"
_VERSION: Final = "version"


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
    expires_at = Number(
        null=True
    )  # seconds since 1970: the end of what is left, once its consignee is forgotten


class TrackingRow(Row):
    """Which shipments bore a tracking number: pk `tracking#<carrier>#<number>`, sk the shipment's id.

    Reached by carrier and number, all shipments of a number at once; few, for numbers are seldom reused.
    """

    class Meta:
        table_name = aws.name("logistics")

    registered_at = Text()
    expires_at = Number(null=True)  # as its shipment's


class PapersMoved(Refusal):
    code = "papers_moved"
    kind = Kind.CONFLICT
    title = "These papers were asked for, written or forgotten meanwhile."


class PapersRow(Row):
    """How far the papers of a shipment are: pk `papers#<order id>`, sk the shipment's id.

    Reached by both, and by order to forget them. `expires_at` in seconds since 1970.
    """

    class Meta:
        table_name = aws.name("logistics")

    digest = Text()
    state = Text()
    asked_at = Text()
    expires_at = Number()


class RateCardsMoved(Refusal):
    code = "rate_cards_moved"
    kind = Kind.CONFLICT
    title = "Somebody else imported rate cards meanwhile."


class RateCardRow(Row):
    """Imported rate cards, all under pk `rate-cards`: read together when there was an import, never for a quote.

    sk "version": `version`, how many imports there were; read with every quote
    sk `card#<card id>`: `card`, the rate card as JSON, deflated, in base64
    """

    class Meta:
        table_name = aws.name("logistics")

    version = Number(null=True)
    card = Text(null=True)


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


def forgotten(shipment: Shipment, seen_revision: int) -> list[writes.Write]:
    """The writes of a shipment that has forgotten its consignee: it and its number have their end now.

    Raises, at commit: Superseded.
    """
    tracking = TrackingRow(
        _tracking_key(shipment.carrier, shipment.tracking_number),
        shipment.shipment_id,
        registered_at=rfc3339(shipment.registered_at),
        expires_at=_expires_at(shipment),
    )
    return [
        changed(shipment, seen_revision),
        writes.put(tracking, TrackingRow.registered_at == rfc3339(shipment.registered_at), Superseded()),
    ]


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


def papers_read(order_id: str, shipment_id: str) -> reads.Read[Papers]:
    return reads.Read(PapersRow, _papers_key(order_id), shipment_id, _papers)


def papers_of(order_id: str) -> list[Papers]:
    return reads.query_all(PapersRow, _papers_key(order_id), _papers, consistent=True)


def papers_asked(papers: Papers, seen: Papers | None) -> writes.Write:
    """Raises, at commit: PapersMoved."""
    if seen is None:
        return writes.create(_papers_row(papers), PapersMoved())
    return papers_told(papers, seen)


def papers_told(papers: Papers, seen: Papers) -> writes.Write:
    """Raises, at commit: PapersMoved: they are no longer as seen."""
    return writes.put(_papers_row(papers), _as_seen(seen), PapersMoved())


def papers_dropped(papers: Papers) -> writes.Write:
    """Raises, at commit: PapersMoved: they are no longer as seen."""
    row = PapersRow(_papers_key(papers.order_id), papers.shipment_id)
    return writes.delete(row, _as_seen(papers), PapersMoved())


def rate_version_read() -> reads.Read[int]:
    """How many imports of rate cards there were; None before the first."""
    return reads.Read(RateCardRow, _RATE_CARDS, _VERSION, lambda row: int(row.version))


def imported_cards() -> tuple[int, dict[str, RateCard]]:
    """The version and the imported cards by id."""
    rows = reads.query_all(
        RateCardRow, _RATE_CARDS, lambda row: (row.sk, row.version, row.card), consistent=True
    )
    version = next((int(version) for sk, version, _ in rows if sk == _VERSION), 0)
    cards = [tariffs.unpacked_card(card) for sk, _, card in rows if sk != _VERSION]
    return version, {card.card_id: card for card in cards}


def import_writes(
    cards: Iterable[RateCard], stored: Collection[str], seen_version: int
) -> list[writes.Write]:
    """The writes of one import on top of `seen_version`; of `stored` cards the end changes.

    Raises: at the commit, RateCardsMoved: there was another import meanwhile.
    """
    moved = RateCardsMoved()
    version = RateCardRow.version
    made = [
        writes.update(
            RateCardRow(_RATE_CARDS, _VERSION),
            [version.set(seen_version + 1)],
            version == seen_version if seen_version else version.does_not_exist(),
            moved,
        )
    ]
    for card in cards:
        row = RateCardRow(_RATE_CARDS, f"card#{card.card_id}", card=tariffs.packed_card(card))
        known = card.card_id in stored
        made.append(writes.put(row, RateCardRow.pk.exists(), moved) if known else writes.create(row, moved))
    return made


def _row(shipment: Shipment) -> ShipmentRow:
    return ShipmentRow(
        _shipment_key(shipment.shipment_id),
        "shipment",
        revision=shipment.revision,
        shipment=shipment,
        expires_at=_expires_at(shipment),
    )


def _expires_at(shipment: Shipment) -> int | None:
    if shipment.kept_until is None:
        return None
    return int(datetime.combine(shipment.kept_until + timedelta(days=1), time(), UTC).timestamp())


def _shipment_key(shipment_id: str) -> str:
    return f"shipment#{shipment_id}"


def _tracking_key(carrier: str, number: str) -> str:
    return f"tracking#{carrier}#{number}"


def _papers(row: PapersRow) -> Papers:
    return Papers(row.pk.partition("#")[2], row.sk, row.digest, State(row.state), parsed(row.asked_at))


def _papers_row(papers: Papers) -> PapersRow:
    return PapersRow(
        _papers_key(papers.order_id),
        papers.shipment_id,
        digest=papers.digest,
        state=papers.state.value,
        asked_at=rfc3339(papers.asked_at),
        expires_at=int((papers.asked_at + KEPT).timestamp()),
    )


def _as_seen(seen: Papers) -> Any:
    asked = PapersRow.asked_at == rfc3339(seen.asked_at)
    return (PapersRow.digest == seen.digest) & (PapersRow.state == seen.state.value) & asked


def _papers_key(order_id: str) -> str:
    return f"papers#{order_id}"
