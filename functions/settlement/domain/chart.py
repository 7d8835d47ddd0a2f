"""The chart of accounts: every account there is, as a dated and described file beside the other data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SIDES: Final = ("debit", "credit", "either")


@dataclass(frozen=True, slots=True)
class Account:
    """A row of the chart. What stands in braces in its name names one of many. `side`: where more of it stands."""

    name: str
    side: str
    kind: str
    what: str

    @property
    def head(self) -> str:
        return self.name.partition(":")[0]

    @property
    def subdivided(self) -> bool:
        return ":" in self.name


def parsed(text: str) -> Mapping[str, Account]:
    """The accounts of a chart's file by the part of their name before the colon.

    Raises: ValueError: a name stands twice, or a side is none.
    """
    accounts = [Account(**row) for row in json.loads(text)["accounts"]]
    by_head = {account.head: account for account in accounts}
    if len(by_head) != len(accounts):
        raise ValueError("the chart has an account twice")
    wrong = [account.name for account in accounts if account.side not in SIDES]
    if wrong:
        raise ValueError(f"no side: {wrong}")
    return by_head


CHART: Final = parsed((Path(__file__).parents[1] / "data" / "chart.json").read_text(encoding="utf-8"))


def known(account: str) -> bool:
    """Whether the chart has an account of this name."""
    head, colon, part = account.partition(":")
    row = CHART.get(head)
    return row is not None and row.subdivided == bool(colon) == bool(part)
