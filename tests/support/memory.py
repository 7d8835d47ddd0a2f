"""DynamoDB in memory: what `entrepot.cloud.dynamo.call` sends, answered from dictionaries in microseconds.

It passes the same cases as moto's (`tests/integration/cloud/test_stores.py`). It knows the operations and expressions
that the platform uses and refuses others, so that nothing is answered wrongly in silence. One thread at a time.
"""

import json
import re
import zlib
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import dropwhile, islice, takewhile
from typing import Any, Final

from botocore.exceptions import ClientError

from entrepot.cloud import aws, dynamo
from infra.estate import TABLES, Table
from tests.support import expressions

Raw = dict[str, Any]
Key = tuple[str, str]

_MOST_ITEMS: Final = 100
_MOST_READ: Final = 100
_KEY_BYTES: Final = (2048, 1024)
_ITEM_BYTES: Final = 400 * 1024
_DIGITS: Final = 38
_EQUALS: Final = re.compile(r"(#\d+) = (:\d+)")


class _Rows:
    """One table: its items by key, and the order of range keys under each hash key, of the table and its index."""

    def __init__(self, table: Table) -> None:
        self.items: dict[Key, Raw] = {}
        self._order: dict[str, list[Any]] = {}
        self._index = table.index
        self._indexed: dict[str, list[Any]] = {}

    def replace(self, key: Key, item: Raw | None) -> None:
        before = self.items.get(key)
        if before is None and item is not None:
            insort(self._order.setdefault(key[0], []), key[1])
        if before is not None and item is None:
            held = self._order[key[0]]
            del held[bisect_left(held, key[1])]
        self._reindex(key, before, item)
        if item is None:
            self.items.pop(key, None)
        else:
            self.items[key] = item

    def under(self, hash_key: str, index: str | None, *, backwards: bool) -> Iterator[Raw]:
        """The items under a hash key, in the order of their range keys."""
        if index is None:
            held: list[Any] = self._order.get(hash_key, [])
            return (self.items[hash_key, sk] for sk in (reversed(held) if backwards else held))
        assert self._index is not None, "the table has no index"
        assert self._index[0] == index, f"the table has no index {index}"
        held = self._indexed.get(hash_key, [])
        return (self.items[entry[1], entry[2]] for entry in (reversed(held) if backwards else held))

    def key_names(self, index: str | None) -> tuple[str, ...]:
        return ("pk", "sk") if index is None or self._index is None else ("pk", "sk", *self._index[1:])

    def copied(self) -> "_Rows":
        """The same rows; items are never changed in place, so they are shared."""
        copied = _Rows.__new__(_Rows)
        copied.items, copied._index = dict(self.items), self._index
        copied._order = {key: list(held) for key, held in self._order.items()}
        copied._indexed = {key: list(held) for key, held in self._indexed.items()}
        return copied

    def _reindex(self, key: Key, before: Raw | None, after: Raw | None) -> None:
        if self._index is None:
            return
        _, hash_name, range_name = self._index
        for item, there in ((before, True), (after, False)):
            if item is None or hash_name not in item or range_name not in item:
                continue
            held = self._indexed.setdefault(item[hash_name]["S"], [])
            entry = (item[range_name]["S"], *key)
            if there:
                del held[bisect_left(held, entry)]
            else:
                insort(held, entry)


class Memory:
    """Every table of the estate, empty."""

    def __init__(self) -> None:
        self._tables = {aws.name(table.name): _Rows(table) for table in TABLES}
        self.requests: dict[str, int] = {}
        self.changes = 0

    def call(self, operation: str, **arguments: Any) -> Raw:
        """The twin of `dynamo.call`. Raises: ClientError, as DynamoDB would; KeyError: an operation unknown here."""
        self.requests[operation] = self.requests.get(operation, 0) + 1
        answer = _OPERATIONS[operation](self, arguments)
        for observer in dynamo.observers:
            observer(operation, arguments, answer)
        return answer

    def rows(self, table: str) -> list[Raw]:
        """Every item of a table, for what a test looks at; nothing of the platform scans."""
        return list(self._tables[aws.name(table)].items.values())

    def expire(self, seconds: int) -> None:
        """Remove what the time to live has removed by then (seconds since 1970)."""
        for rows in self._tables.values():
            over = [
                key
                for key, item in rows.items.items()
                if "expires_at" in item and int(item["expires_at"]["N"]) < seconds
            ]
            for key in over:
                rows.replace(key, None)

    def kept(self) -> "Kept":
        """All rows as they are now, for `restore`."""
        return {name: rows.copied() for name, rows in self._tables.items()}

    def restore(self, kept: "Kept") -> None:
        self._tables = {name: rows.copied() for name, rows in kept.items()}

    def changed_since(self, kept: "Kept") -> dict[str, list[tuple[Raw | None, Raw | None]]]:
        """Each row that is another than it was, before and after, by the name of its table on AWS."""
        changed = {}
        for name, rows in self._tables.items():
            old, new = kept[name].items, rows.items
            differing = [(old.get(key), new.get(key)) for key in old.keys() | new.keys()]
            changed[name] = [(before, after) for before, after in differing if before is not after]
        return {name: rows for name, rows in changed.items() if rows}

    def _get(self, arguments: Raw) -> Raw:
        found = self._tables[arguments["TableName"]].items.get(_key(arguments["Key"]))
        return {} if found is None else {"Item": dict(found)}

    def _batch_get(self, arguments: Raw) -> Raw:
        answers: dict[str, list[Raw]] = {}
        keys = sum(len(wanted["Keys"]) for wanted in arguments["RequestItems"].values())
        if not 0 < keys <= _MOST_READ:
            raise _error("ValidationException", "BatchGetItem")
        for table, wanted in arguments["RequestItems"].items():
            items = self._tables[table].items
            found = (items.get(_key(key)) for key in wanted["Keys"])
            answers[table] = [dict(item) for item in found if item is not None]
        return {"Responses": answers, "UnprocessedKeys": {}}

    def _scan(self, arguments: Raw) -> Raw:
        return {"Items": [dict(item) for item in self._tables[arguments["TableName"]].items.values()]}

    def _query(self, arguments: Raw) -> Raw:
        given = _given(arguments)
        rows, index = self._tables[arguments["TableName"]], arguments.get("IndexName")
        test = expressions.condition(arguments["KeyConditionExpression"])
        only = arguments.get("FilterExpression")
        passes = expressions.condition(only) if only else None
        hash_name = rows.key_names(index)[0 if index is None else 2]
        held = _EQUALS.findall(arguments["KeyConditionExpression"])
        hash_key = next(given[value]["S"] for name, value in held if given[name] == hash_name)
        backwards = not arguments.get("ScanIndexForward", True)
        found = rows.under(hash_key, index, backwards=backwards)
        start, limit = arguments.get("ExclusiveStartKey"), arguments.get("Limit")
        matching = _matching(found, lambda item: test(item, given))
        if start:
            place = _place(rows.key_names(index))
            behind = place(start)
            matching = (
                each for each in matching if (place(each) < behind if backwards else place(each) > behind)
            )
        page = list(matching if limit is None else islice(matching, limit + 1))
        more = limit is not None and len(page) > limit
        page = page[:limit]
        answer: Raw = {"Items": [dict(item) for item in page if passes is None or passes(item, given)]}
        if more:
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in rows.key_names(index)}
        return answer

    def _write(self, verb: str) -> Any:
        def write(arguments: Raw) -> Raw:
            old = self._refused(verb, arguments)
            if old is not None:
                raise _error("ConditionalCheckFailedException", verb, Item=old or None)
            self._apply(verb, arguments)
            if arguments.get("ReturnValues") == "ALL_NEW":
                return {
                    "Attributes": dict(self._tables[arguments["TableName"]].items[_key(arguments["Key"])])
                }
            return {}

        return write

    def _put(self, arguments: Raw) -> Raw:
        return dict(self._write("Put")(arguments))

    def _update(self, arguments: Raw) -> Raw:
        return dict(self._write("Update")(arguments))

    def _delete(self, arguments: Raw) -> Raw:
        return dict(self._write("Delete")(arguments))

    def _transact(self, arguments: Raw) -> Raw:
        actions = [next(iter(action.items())) for action in arguments["TransactItems"]]
        touched = {(body["TableName"], _key(body.get("Key") or body["Item"])) for _, body in actions}
        if not 0 < len(actions) <= _MOST_ITEMS or len(touched) != len(actions):
            raise _error("ValidationException", "TransactWriteItems")
        reasons: list[Raw] = []
        for verb, body in actions:
            old = self._refused(verb, body)
            if old is None:
                reasons.append({"Code": "None"})
            else:
                reasons.append({"Code": "ConditionalCheckFailed", **({"Item": old} if old else {})})
        if any(reason["Code"] != "None" for reason in reasons):
            raise _error("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)
        for verb, body in actions:
            self._apply(verb, body)
        return {}

    def _refused(self, verb: str, body: Raw) -> Raw | None:
        """The item as it stood (empty: there is none) where the condition fails; None where it holds."""
        text = body.get("ConditionExpression")
        if not text:
            assert verb != "ConditionCheck", "a check without a condition"
            return None
        held = self._tables[body["TableName"]].items.get(_key(body.get("Key") or body["Item"]), {})
        return None if expressions.condition(text)(held, _given(body)) else dict(held)

    def _apply(self, verb: str, body: Raw) -> None:
        self.changes += verb != "ConditionCheck"
        rows = self._tables[body["TableName"]]
        key = _key(body.get("Key") or body["Item"])
        if verb == "Put":
            _check_size(body["Item"])
            rows.replace(key, body["Item"])
        elif verb == "Delete":
            rows.replace(key, None)
        elif verb == "Update":
            before = rows.items.get(key, {})
            after = {**body["Key"], **before}
            for change in expressions.changes(body["UpdateExpression"]):
                name, value = change(before, _given(body))
                after[name] = value
            rows.replace(key, {name: value for name, value in after.items() if value is not None})


Kept = dict[str, _Rows]

_OPERATIONS: Final = {
    "GetItem": Memory._get,
    "BatchGetItem": Memory._batch_get,
    "Query": Memory._query,
    "Scan": Memory._scan,
    "PutItem": Memory._put,
    "UpdateItem": Memory._update,
    "DeleteItem": Memory._delete,
    "TransactWriteItems": Memory._transact,
}


@contextmanager
def in_process() -> Iterator[Memory]:
    """A fresh, empty store that every request to DynamoDB goes to."""
    held, memory = dynamo.call, Memory()
    dynamo.call = memory.call
    _running.append(memory)
    try:
        yield memory
    finally:
        _running.pop()
        dynamo.call = held


def current() -> Memory:
    """The store that requests go to now."""
    return _running[-1]


def readable(items: Any) -> str:
    """Items as JSON text, deflated documents opened: what a search for personal data has to look through."""
    return json.dumps(
        items, ensure_ascii=False, sort_keys=True, default=lambda held: zlib.decompress(held).decode()
    )


_running: list[Memory] = []


def _key(item: Mapping[str, Any]) -> Key:
    """Raises: ClientError: a key that is empty, or longer than DynamoDB's keys may be."""
    key = item["pk"]["S"], item["sk"]["S"]
    lengths = [len(part.encode()) for part in key]
    if not all(0 < length <= most for length, most in zip(lengths, _KEY_BYTES, strict=True)):
        raise _error("ValidationException", "key")
    return key


def _check_size(item: Mapping[str, Any]) -> None:
    """Raises: ClientError: an item larger than DynamoDB keeps, or a number with more digits."""
    size = 0
    for name, value in item.items():
        ((kind, held),) = value.items()
        size += len(name) + (len(held.encode()) if kind == "S" else len(held) if kind == "B" else 0)
        if kind == "N" and len(held.lstrip("-")) > _DIGITS:
            raise _error("ValidationException", "number")
    if size > _ITEM_BYTES:
        raise _error("ValidationException", "item")


def _matching(found: Iterator[Raw], test: Callable[[Raw], bool]) -> Iterator[Raw]:
    """Those that a key condition holds for: they lie together, so that after them no other is looked at."""
    return takewhile(test, dropwhile(lambda item: not test(item), found))


def _place(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[str, ...]]:
    """Where an item stands among others of its hash key: also one that is gone, after which a page may begin."""
    ordered = names[1:] if len(names) == 2 else (names[-1], *names[:2])
    return lambda item: tuple(item[name]["S"] for name in ordered)


def _given(arguments: Raw) -> Raw:
    return {
        **arguments.get("ExpressionAttributeNames", {}),
        **arguments.get("ExpressionAttributeValues", {}),
    }


def _error(code: str, operation: str, **more: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"RetryAttempts": 0},
        **{name: value for name, value in more.items() if value is not None},
    }
    return ClientError(response, operation)
