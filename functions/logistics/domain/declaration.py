"""What customs is told of a shipment, and the papers that say it: which, and how far they are."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from entrepot.kernel.money import Money

KINDS: Final = ("commercial_invoice", "cn22", "cn23", "packing_list")
FORM: Final = 1
"""Counts the forms of the papers: one more, and papers are made anew of what had some before."""
KEPT: Final = timedelta(days=28)
"""How long papers are asked for; the bucket drops them after thirty days."""
PATIENCE: Final = timedelta(minutes=1)
"""How long papers may be in the making before they are ordered again."""
GIVEN_UP: Final = timedelta(minutes=20)
"""After which papers are not in the making any more: the queue brings a job for a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives; `address` line by line, without the name."""

    name: str
    address: tuple[str, ...]
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredLine:
    """`weight_grams` is net, of one unit, None where an old order did not keep it; so for code and origin."""

    sku: str
    description: str
    quantity: int
    unit_price: Money
    goods: Money
    hs_code: str | None
    origin_country: str | None
    weight_grams: int | None

    @property
    def net_grams(self) -> int | None:
        return None if self.weight_grams is None else self.weight_grams * self.quantity


@dataclass(frozen=True, slots=True)
class Declaration:
    """What customs is told of a shipment. charges: name and amount, in the order printed; they sum to `total`."""

    shipment_id: str
    order_id: str
    on: date
    sender: Party
    consignee: Party
    destination: str
    carrier: str
    tracking_number: str
    incoterm: str
    lines: tuple[DeclaredLine, ...]
    charges: tuple[tuple[str, Money], ...]
    total: Money

    @property
    def net_grams(self) -> int | None:
        """None where the weight of a line is not known."""
        weights = [line.net_grams for line in self.lines]
        return None if None in weights else sum(weight for weight in weights if weight is not None)

    @property
    def digest(self) -> str:
        """Names what the papers say: the same declaration has the same papers. Tells nothing of what it is made of."""
        return hashlib.sha256(f"{FORM} {self!r}".encode()).hexdigest()[:32]


class State(Enum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Papers:
    """The papers of a shipment as they were last asked for. `digest` names the declaration that they say."""

    order_id: str
    shipment_id: str
    digest: str
    state: State
    asked_at: datetime

    def key(self, kind: str) -> str:
        """Where a paper lies: all of an order under one prefix, so that they can be forgotten together."""
        return f"{prefix(self.order_id)}{self.shipment_id}/{self.digest}/{kind}.pdf"

    def read_at(self, now: datetime) -> "Papers | None":
        """As who reads them then has them: None once they are dropped, failed where no job is about them any more."""
        if self.state is State.READY and now >= self.asked_at + KEPT:
            return None
        if self.state is State.PENDING and now >= self.asked_at + GIVEN_UP:
            return replace(self, state=State.FAILED)
        return self

    def stands(self, digest: str, now: datetime) -> bool:
        """Whether asking again for these papers needs nothing: they are there, or on their way."""
        if digest != self.digest or self.state is State.FAILED:
            return False
        return now < self.asked_at + (KEPT if self.state is State.READY else PATIENCE)


def prefix(order_id: str) -> str:
    return f"papers/{order_id}/"
