"""The book of providers, from its data file: who serves what, where, at what cost."""

import json
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from functions.payments.domain.routing import Offer

_FILE: Final = Path(__file__).parent / "data" / "providers.json"


@cache
def offers() -> tuple[Offer, ...]:
    """All rows, those not valid today among them."""
    return tuple(_offer(row) for row in json.loads(_FILE.read_text("utf-8"))["rows"])


def providers() -> frozenset[str]:
    """Everybody whom a row names."""
    return frozenset(offer.provider for offer in offers())


def _offer(row: dict[str, Any]) -> Offer:
    return Offer(
        provider=row["provider"],
        method=row["method"],
        currencies=None if row["currencies"] is None else frozenset(row["currencies"]),
        markets=None if row["markets"] is None else frozenset(row["markets"]),
        manual_capture=row["manual_capture"],
        window=timedelta(minutes=row["window_minutes"]),
        cost_bp=row["cost_bp"],
        cost_fixed=row["cost_fixed"],
        holds_from=date.fromisoformat(row["from"]),
        holds_to=date.fromisoformat(row["to"]) if row["to"] else None,
    )
