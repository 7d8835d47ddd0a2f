"""How a run ended, and what is wrong with it: the things that never break, and all that differs from a calm run."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Final, cast

from entrepot.cloud import aws
from infra.estate import TABLES
from tests.integration.faults.stage import Stage
from tests.integration.money.auditor import Auditor
from tests.support import e2e_ending
from tests.support.documents import document
from tests.support.e2e_ending import differences, trial_balance_findings
from tests.support.pump import subscribers

Ending = dict[str, Any]

_SHORT: Final = 240

_ID: Final = re.compile(r"\b([a-z]{2,4})_[0-9A-Za-z]{14,}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+Z?)?")
SPARE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"rows: orders quote#quo… / quote is too much",  # asked for again; it expires unused
        r"rows: audit chain#.* is too much",  # each attempt of a member of staff is a deed
        r"rows: audit chain#.* / head is missing",  # whose chain it goes to is drawn
        r"rows: membership member#mbr… / session#ses… is too much",
        r'events: {"channel": "email", "event": "membership.member_registered".* is too much',  # another letter
        r'events: {"event": "orders.buyer_forgotten".* is too much',  # told again until everybody has obeyed
        r"unheard: .* is missing",
        r"rows: payments breaker#stripe / breaker is too much",  # it has failed, and is well again
    )
)
"""What differs where nothing is wrong: what a caller leaves behind who was not answered and asked again."""

_DRAWN: Final = (
    "settlement balance#",  # shards; what they come to is compared as balances
    "ledger days#",
    "outbox",  # compared as events
    "inbox",  # compared as what was unheard
)
_PASSED_BY: Final = re.compile(r'"event": "logistics.shipment_moved".*"status": "in_transit"')
_BEFORE: Final = re.compile(r'"previous_status": "(registered|in_transit)", ')
_STEP: Final = re.compile(r'{"actor": "carrier", "event": "shipment_in_transit", "facts": {[^{}]*}}, ')
"""Of a parcel that was handed over before anybody heard that it was under way, nobody says so afterwards."""

_WORD: Final = re.compile(r"(?<![\w-])[0-9A-Za-z_-]*\d[0-9A-Za-z_-]*(?![\w-])")


def ending(stage: Stage, given: Mapping[str, Any]) -> Ending:
    """Everything that lasts: documents in full, and of any other table how many rows of each kind there are."""
    names = {given["order"]["id"]: "<order>"} if "order" in given else {}
    kinds = (f"{table.name} {kind(row)}" for table in TABLES for row in stage.tables.rows(table.name))
    found = e2e_ending.ending(names, stage.stripe)
    return {
        **found,
        "orders": [_STEP.sub("", text) for text in found["orders"]],
        "events": [_BEFORE.sub("", text) for text in found["events"] if not _PASSED_BY.search(text)],
        "unheard": _unheard(stage),
        "rows": [text for text in kinds if not text.startswith(_DRAWN)],
    }


def _unheard(stage: Stage) -> list[str]:
    """Events that a subscriber has not noted as handled. In calm that is one that had nothing to do."""
    noted = {row["pk"]["S"] for row in stage.tables.rows("inbox")}
    return [
        f"{row['event']['S']} by {queue}"
        for row in stage.tables.rows("outbox")
        for queue in subscribers(row["event"]["S"])
        if f"{queue}#{row['pk']['S']}" not in noted
    ]


def kind(row: Mapping[str, Any]) -> str:
    """The keys of a row with whatever differs from run to run taken out."""
    text = f"{row['pk']['S']} / {row['sk']['S']}"
    return _WORD.sub("…", _TIME.sub("…", _ID.sub(r"\1…", text)))


def findings(stage: Stage) -> list[str]:
    """What must never be: read from the rows and from Stripe, not asked of the code that is judged."""
    return [
        *Auditor(cast(Any, _Audited(stage))).findings(),
        *trial_balance_findings(),
        *_one_order_a_quote(stage),
        *_stock(stage),
    ]


def spare(difference: str) -> bool:
    """Whether it is what a caller leaves behind who was not answered and asked again without a key, and no more."""
    return any(pattern.fullmatch(difference) for pattern in SPARE)


def _one_order_a_quote(stage: Stage) -> list[str]:
    orders = [document(row, "document") for row in stage.tables.rows("orders") if row["sk"]["S"] == "order"]
    counted = Counter(order["quote_id"] for order in orders)
    return [f"{times} orders were made of {quote}" for quote, times in counted.items() if times > 1]


def _stock(stage: Stage) -> list[str]:
    """No bucket is below nothing, and each holds back for its SKU what open reservations have picked of it."""
    rows = stage.tables.rows("inventory")
    buckets = [row for row in rows if row["pk"]["S"].startswith("stock#")]
    wrong = [
        f"{row['pk']['S']} has {row[name]['N']} {name}"
        for row in buckets
        for name in ("available", "reserved")
        if int(row[name]["N"]) < 0
    ]
    held: Counter[str] = Counter()
    for row in buckets:
        held[row["pk"]["S"].removeprefix("stock#")] += int(row["reserved"]["N"])
    for row in rows:
        reservation = document(row, "reservation") if "reservation" in row else None
        if reservation and reservation["status"] == "held":
            held.subtract({pick["sku"]: pick["units"] for pick in reservation["picks"]})
    return [*wrong, *(f"{units} too many of {sku} are held back" for sku, units in held.items() if units)]


def brief(told: str, beside: Sequence[str]) -> str:
    """A long text cut down to where it is another than its like among those that are told beside it."""
    part = told.partition(":")[0]
    likes = [each for each in beside if each is not told and each.partition(":")[0] == part]
    if len(told) < _SHORT or not likes:
        return told[:_SHORT]
    same = max(_common(told, each) for each in likes)
    ends = told.rpartition(" is ")[2]
    return f"{part}: …{told[max(0, same - _SHORT // 4) : same + _SHORT // 2]}… is {ends}"


def _common(one: str, other: str) -> int:
    """How many letters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


class _Things:
    """The rows of one table, by their keys."""

    def __init__(self, rows: list[Any]) -> None:
        self.items = {(row["pk"]["S"], row["sk"]["S"]): row for row in rows}


class _Audited:
    """A stage as the auditor of the money walks looks at it: every row was written since the last look."""

    def __init__(self, stage: Stage) -> None:
        self.store, self.stripe = self, self
        self._tables = {aws.name(table.name): _Things(stage.tables.rows(table.name)) for table in TABLES}
        self.touched = {(name, *key): None for name, held in self._tables.items() for key in held.items}
        self._objects = stage.stripe.standin.account.store.objects

    def things(self, kind: str) -> list[Any]:
        return list(self._objects[kind].values())


__all__ = ["Ending", "brief", "differences", "ending", "findings", "kind", "spare"]
