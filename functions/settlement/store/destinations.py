"""Where merchants' payouts go."""

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Document, Row, Text
from entrepot.cloud.writes import Write
from functions.settlement.domain.destinations import Destination
from functions.settlement.store.shards import Overtaken


class DestinationRow(Row):
    """A merchant's destination for a currency: pk `destinations#<merchant>`, sk the currency.

    Reached by both, and all of a merchant's. `usable` is "yes", or "no" while it is stopped.
    """

    class Meta:
        table_name = aws.name("settlement")

    destination_id = Text()
    usable = Text()
    destination = Document[Destination](Destination)


def destination_read(merchant_id: str, currency: str) -> reads.Read[Destination]:
    return reads.Read(DestinationRow, _pk(merchant_id), currency, lambda row: row.destination)


def destinations(merchant_id: str) -> list[Destination]:
    return reads.query_all(DestinationRow, _pk(merchant_id), lambda row: row.destination)


def destination_set(before: Destination | None, after: Destination) -> Write:
    """In the place of what was read. Raises, at commit: Overtaken."""
    if before is None:
        return writes.create(_row(after), Overtaken())
    same = DestinationRow.destination_id == before.destination_id
    return writes.put(_row(after), same & (DestinationRow.usable == _usable(before)), Overtaken())


def still_there(destination: Destination) -> Write:
    """Holds that a destination is the merchant's and is not stopped. Raises, at commit: Overtaken."""
    condition = (DestinationRow.destination_id == destination.destination_id) & (
        DestinationRow.usable == "yes"
    )
    return writes.check(_key(destination.merchant_id, destination.currency), condition, Overtaken())


def none_there(merchant_id: str, currency: str) -> Write:
    """Holds that a merchant has no destination for a currency. Raises, at commit: Overtaken."""
    row = _key(merchant_id, currency)
    return writes.check(row, DestinationRow.pk.does_not_exist(), Overtaken())


def _row(destination: Destination) -> DestinationRow:
    return DestinationRow(
        _pk(destination.merchant_id),
        destination.currency,
        destination_id=destination.destination_id,
        usable=_usable(destination),
        destination=destination,
    )


def _key(merchant_id: str, currency: str) -> DestinationRow:
    return DestinationRow(_pk(merchant_id), currency)


def _usable(destination: Destination) -> str:
    return "no" if destination.stopped else "yes"


def _pk(merchant_id: str) -> str:
    return f"destinations#{merchant_id}"
