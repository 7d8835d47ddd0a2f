"""Reading: several contexts at once by key, and one page of a query. Nothing here scans."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from entrepot.cloud import dynamo, rows
from entrepot.cloud.pynamo import Condition, QueryError
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Busy

T = TypeVar("T")

_BATCH: Final = 100
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """One item by its key, and how its row becomes a value of the domain."""

    row: type[rows.Row]
    pk: str
    sk: str
    parse: Callable[[Any], T]

    @property
    def key(self) -> tuple[str, str, str]:
        return (rows.table_name(self.row), self.pk, self.sk)


def fetch(*reads: Read[Any], consistent: bool = False) -> list[Any]:
    """The value of each read, in order, None where there is none: one BatchGetItem per hundred items.

    Raises: Busy: DynamoDB kept leaving items unread.
    """
    keys = [read.key for read in reads]
    wanted = list(dict.fromkeys(keys))
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    if len(wanted) == 1:
        found = _single(wanted[0], consistent)
    else:
        for start in range(0, len(wanted), _BATCH):
            found.update(_batch(wanted[start : start + _BATCH], consistent))
    return [
        read.parse(rows.parsed(read.row, raw)) if (raw := found.get(key)) is not None else None
        for read, key in zip(reads, keys, strict=True)
    ]


def fetch_one(read: Read[T], consistent: bool = False) -> T | None:
    value: T | None = fetch(read, consistent=consistent)[0]
    return value


def query(
    row: type[rows.Row],
    pk: str,
    parse: Callable[[Any], T],
    *,
    where: Condition | None = None,
    only: Condition | None = None,
    index: str | None = None,
    limit: int | None = None,
    newest_first: bool = False,
    after: Mapping[str, str] | None = None,
    consistent: bool = False,
) -> Page[T]:
    """One page of the items under a key, at most 1 MB or `limit` of them, in the order of their range key.

    `where` narrows the range key; `only` drops items after they were read and counted, so a page may be short.

    Raises: what `dynamo.call` raises.
    """
    connection = row._get_connection()
    try:
        answer = connection.connection.query(
            connection.table_name,
            pk,
            range_key_condition=where,
            filter_condition=only,
            index_name=index,
            limit=limit,
            scan_index_forward=not newest_first,
            exclusive_start_key={name: {"S": value} for name, value in after.items()} if after else None,
            consistent_read=consistent,
        )
    except QueryError as error:  # pynamodb's own, which nobody would take for an outage
        raise error.cause or error from None
    last = answer.get("LastEvaluatedKey")
    return Page(
        items=tuple(parse(rows.parsed(row, raw)) for raw in answer["Items"]),
        next_key={name: value["S"] for name, value in last.items()} if last else None,
    )


def query_all(row: type[rows.Row], pk: str, parse: Callable[[Any], T], **options: Any) -> list[T]:
    """Every item under a key, page after page: for keys that hold few by design."""
    page = query(row, pk, parse, **options)
    items = list(page.items)
    while page.next_key:
        page = query(row, pk, parse, **{**options, "after": page.next_key})
        items.extend(page.items)
    return items


def _single(key: tuple[str, str, str], consistent: bool) -> dict[tuple[str, str, str], dict[str, Any]]:
    table, pk, sk = key
    answer = dynamo.call(
        "GetItem", TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=consistent
    )
    return {key: answer["Item"]} if "Item" in answer else {}


def _batch(keys: list[tuple[str, str, str]], consistent: bool) -> dict[tuple[str, str, str], dict[str, Any]]:
    request: dict[str, Any] = {}
    for table, pk, sk in keys:
        entry = request.setdefault(table, {"Keys": [], "ConsistentRead": consistent})
        entry["Keys"].append({"pk": {"S": pk}, "sk": {"S": sk}})
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for _ in range(_ROUNDS):
        if not request:
            return found
        answer = dynamo.call("BatchGetItem", RequestItems=request)
        for table, items in answer["Responses"].items():
            for item in items:
                found[(table, item["pk"]["S"], item["sk"]["S"])] = item
        request = answer.get("UnprocessedKeys") or {}
    if request:
        raise Busy
    return found
