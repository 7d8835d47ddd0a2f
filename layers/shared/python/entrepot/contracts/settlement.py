"""Events of settlement. Amounts are minor units in the statement's currency."""

from typing import ClassVar

from entrepot.contracts.events import Event


class StatementIssued(Event, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "settlement.statement_issued"
    statement_id: str
    merchant_id: str
    currency: str
    net: int
    orders: int


class DestinationChanged(Event, frozen=True, kw_only=True):
    """Where a merchant's payouts in a currency go was set, or is `stopped`.

    Stopped: a payout came back, and nothing goes there until it is set anew. `usable_from` is when the first payout may
    go there, in RFC 3339.
    """

    NAME: ClassVar[str] = "settlement.destination_changed"
    merchant_id: str
    currency: str
    stopped: bool
    usable_from: str
