"""What requests to DynamoDB consume, worked out from their items by the rules that AWS publishes.

Counted here, since the stand-in takes a read for half a unit whatever it reads.

Sources: "DynamoDB read and write operations" and "DynamoDB item sizes and formats" in the DynamoDB developer guide.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from infra.estate import TABLES

READ_BYTES: Final = 4096
WRITE_BYTES: Final = 1024

Raw = dict[str, Any]
Send = Callable[..., Raw]
Touched = tuple[str, str, Raw]
"""Verb, table and key of an item that a request writes or checks."""

_INDEXED: Final = {table.name: table.index for table in TABLES if table.index}
_VERBS: Final = ("Put", "Update", "Delete", "ConditionCheck")
_NAME: Final = re.compile(r"[#:]\w+")


class Units(NamedTuple):
    """Read and write units; a half is an eventually consistent read of at most 4 KB."""

    read: float
    write: float


def item_bytes(item: Mapping[str, Raw]) -> int:
    """The size of an item in DynamoDB's own notation, in bytes: names and values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Raw) -> int:
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "N":
        return _number_bytes(held)
    if kind == "B":
        return len(held) if isinstance(held, bytes) else len(base64.b64decode(held))
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "L":
        return 3 + sum(1 + _value_bytes(each) for each in held)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_bytes(each) for name, each in held.items())
    raise AssertionError(f"the size of {kind} is not known")


def _number_bytes(text: str) -> int:
    """About a byte for two significant digits, one more, and one for a sign."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return -(-len(digits) // 2) + 1 + text.startswith("-")


def read_units(size: int, consistent: bool) -> float:
    """Of so many bytes read at once."""
    return max(1, -(-size // READ_BYTES)) * (1.0 if consistent else 0.5)


def write_units(size: int) -> int:
    return max(1, -(-size // WRITE_BYTES))


def touched(operation: str, arguments: Raw) -> list[Touched]:
    """The items that a request writes or checks, in its order."""
    if operation == "TransactWriteItems":
        return [
            _one(verb, parts[verb])
            for parts in arguments["TransactItems"]
            for verb in _VERBS
            if verb in parts
        ]
    verb = operation.removesuffix("Item")
    return [_one(verb, arguments)] if verb in _VERBS else []


def _one(verb: str, body: Raw) -> Touched:
    key = body["Item"] if verb == "Put" else body["Key"]
    return verb, body["TableName"], {name: key[name] for name in ("pk", "sk")}


def looked_up(send: Send, items: Sequence[Touched]) -> list[Raw]:
    """How each item stands; empty where there is none."""
    return [
        send("GetItem", TableName=table, Key=key, ConsistentRead=True).get("Item", {})
        for _, table, key in items
    ]


def written(operation: str, items: Sequence[Touched], before: Sequence[Raw], after: Sequence[Raw]) -> int:
    """The write units of a request: of the larger of an item before and after, twice in a transaction, and its index.

    A refused request is charged as well, for the items as they stay. The index follows later, at its plain price.
    """
    transaction = operation == "TransactWriteItems"
    units = 0
    for (_, table, _), old, new in zip(items, before, after, strict=True):
        units += write_units(max(item_bytes(old), item_bytes(new))) * (2 if transaction else 1)
        units += _index_units(_INDEXED.get(table.split("-", 2)[-1]), old, new)
    return units


def _index_units(index: tuple[str, str, str] | None, old: Raw, new: Raw) -> int:
    """Nothing where the index's entry stays as it is; two writes where it moves."""
    if index is None:
        return 0
    entries = [item if all(name in item for name in index[1:]) else None for item in (old, new)]
    left, stands = entries
    if left == stands:
        return 0
    if left is None or stands is None or any(left[name] != stands[name] for name in index[1:]):
        return sum(write_units(item_bytes(entry)) for entry in entries if entry is not None)
    return max(write_units(item_bytes(left)), write_units(item_bytes(stands)))


def read(send: Send, operation: str, arguments: Raw, answer: Raw) -> float:
    """The read units of a request that was answered."""
    if operation == "GetItem":
        return read_units(item_bytes(answer.get("Item", {})), arguments.get("ConsistentRead", False))
    if operation == "BatchGetItem":
        return sum(_batch_units(asked, answer["Responses"]) for asked in arguments["RequestItems"].items())
    if operation == "Query":
        items = _before_the_filter(send, arguments, answer)["Items"]
        return read_units(sum(map(item_bytes, items)), arguments.get("ConsistentRead", False))
    assert touched(operation, arguments), f"what {operation} consumes is not known"
    return 0.0


def _batch_units(asked: tuple[str, Raw], found: Mapping[str, Sequence[Raw]]) -> float:
    """Each item is rounded up by itself; one that is not there is charged as a small one."""
    table, request = asked
    consistent = request.get("ConsistentRead", False)
    items = found.get(table, ())
    missing = len(request["Keys"]) - len(items)
    return sum(read_units(item_bytes(item), consistent) for item in items) + missing * read_units(
        0, consistent
    )


def _before_the_filter(send: Send, arguments: Raw, answer: Raw) -> Raw:
    """A query is charged for what it read, not for what its filter left of it."""
    if not arguments.keys() & {"FilterExpression", "ProjectionExpression"}:
        return answer
    used = set(_NAME.findall(arguments["KeyConditionExpression"]))
    kept = {
        name: value
        for name, value in arguments.items()
        if name not in ("FilterExpression", "ProjectionExpression", "Select")
    }
    for names in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept[names] = {name: value for name, value in arguments.get(names, {}).items() if name in used}
    return send("Query", **{name: value for name, value in kept.items() if value != {}})
