"""Rows of DynamoDB as lines of JSON, in a form that two stages share, and a tally of them that knows no order.

A line is a row in DynamoDB's own notation with bytes in base64, as DynamoDB's exports have it. Two stages seal the same
personal data under different keys and never alike twice, so what is compared is a row in its common form: deflated
documents as text, and each sealed text as the digest of what it says.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from entrepot.cloud import seal
from infra import sealed
from infra.sealed import Row
from infra.stage import Stage

_MODULUS: Final = 2**256
_SETS: Final = ("SS", "NS", "BS")
TTL: Final = "expires_at"

Open = Callable[[str, str, str], Any]
"""Opens a sealed text: the text, its purpose, its record."""


def scanned(stage: Stage, table: str) -> Iterator[Row]:
    """Every row of a table, strongly consistent, page by page."""
    arguments: dict[str, Any] = {"TableName": stage.called(table), "ConsistentRead": True}
    while True:
        page = stage.client("dynamodb").scan(**arguments)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def line(row: Row) -> str:
    """The row as one line: the same for the same row, whatever order its names and sets came in."""
    return json.dumps(_written(row), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def parsed(text: str | bytes) -> Row:
    """A row from its line. Raises: ValueError."""
    return typed(json.loads(text))


def typed(item: dict[str, Any]) -> Row:
    """A row as botocore gives it, from DynamoDB's notation in JSON: its bytes are bytes again."""
    return {name: _typed(value) for name, value in item.items()}


def alive(row: Row, horizon: int) -> bool:
    """Whether DynamoDB keeps the row past a time (seconds since 1970), by its time to live."""
    return TTL not in row or int(row[TTL]["N"]) > horizon


def common(table: str, row: Row, open_: Open) -> str:
    """The row in the form that two stages share.

    Raises: sealed.UnknownSeal; seal.Unopenable; ClientError: KMS does not open its data key.
    """
    said = {
        place.text: _digest(open_(place.text, place.purpose, place.record))
        for place in sealed.places(table, row)
    }
    shown = {name: {"T": sealed.replaced(text, said)} for name, text in sealed.documents(row)}
    return json.dumps({**_written(row), **shown}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def opener(stage: Stage) -> seal.Sealer:
    """What opens and seals as a stage does; for many data keys at once, unlike a function's."""
    return seal.Sealer(lambda: stage.client("kms"), lambda: f"alias/{stage.called('data')}", entries=20_000)


@dataclass
class Tally:
    """How many lines there were, and the sum of their digests: the same in any order, another if one differs."""

    count: int = 0
    total: int = 0
    size: int = 0  # bytes

    def add(self, text: str | bytes) -> None:
        raw = text.encode() if isinstance(text, str) else text
        self.count += 1
        self.size += len(raw)
        self.total = (self.total + int.from_bytes(hashlib.sha256(raw).digest())) % _MODULUS

    @property
    def digest(self) -> str:
        return f"{self.total:064x}"


def whole(tallies: dict[str, Tally]) -> str:
    """One checksum of everything that was tallied, by name."""
    lines = [f"{name} {tally.count} {tally.digest}\n" for name, tally in sorted(tallies.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return f"sealed:{hashlib.sha256(text.encode()).hexdigest()}"


def _written(value: Any, kind: str = "") -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _written(each, name) for name, each in value.items()}
    if isinstance(value, list):
        written = [_written(each) for each in value]
        return sorted(written) if kind in _SETS else written
    return value


def _typed(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    if kind == "B":
        content = base64.b64decode(content)
    elif kind == "BS":
        content = [base64.b64decode(each) for each in content]
    elif kind == "M":
        content = {name: _typed(each) for name, each in content.items()}
    elif kind == "L":
        content = [_typed(each) for each in content]
    return {kind: content}
