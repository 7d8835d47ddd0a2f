"""Warehouses and who may use them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal

PLATFORM: Final = "platform"
"""Whose list a warehouse is on that every merchant may use."""


class Mode(StrEnum):
    """How goods leave: from the country of origin, from a bonded zone, or from the buyer's own region."""

    DIRECT_MAIL = "direct_mail"
    BONDED = "bonded"
    OVERSEAS = "overseas"


class UnsupportedFilter(Refusal):
    code = "unsupported_filter"
    kind = Kind.RULE
    title = "This list has no such filter for you."


@dataclass(frozen=True, slots=True)
class Warehouse:
    """`merchant_id` None: the platform's, open to every merchant. `country` in ISO 3166-1 alpha-2."""

    warehouse_id: str
    merchant_id: str | None
    name: str
    country: str
    mode: Mode
    created_at: datetime

    @property
    def list_name(self) -> str:
        return self.merchant_id or PLATFORM

    def usable_by(self, merchant_id: str) -> bool:
        return self.merchant_id in (None, merchant_id)
