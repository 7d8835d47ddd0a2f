"""Events of settlement. Amounts are minor units in the statement's currency."""

from dataclasses import dataclass
from typing import ClassVar

from entrepot.contracts.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementIssued(Event):
    NAME: ClassVar[str] = "settlement.statement_issued"
    statement_id: str
    merchant_id: str
    currency: str
    net: int
    orders: int
