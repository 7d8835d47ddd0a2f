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
