"""How long what is left of a sale is kept, by the rules in `data/retention.json`."""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from functions.orders.domain import forgetting
from functions.orders.domain.forgetting import Retention

_RULES: Final = Path(__file__).with_name("data") / "retention.json"


def kept_until(country: str, sold_on: date) -> date:
    """The last day."""
    return forgetting.kept_until(rules(), country, sold_on)


@cache
def rules() -> tuple[Retention, ...]:
    rows = json.loads(_RULES.read_text(encoding="utf-8"))["rows"]
    return tuple(
        Retention(
            frozenset(row["countries"]),
            row["years"],
            date.fromisoformat(row["from"]),
            row["source"],
            row["confidence"],
        )
        for row in rows
    )
