"""What costs as things grow: the catalogue, a member's orders, the members there are, and the lines of an order.

Rows are copies of one that the platform wrote, put there straight; so a hundred thousand products take minutes.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench import quotes
from bench.cases import ok, token
from bench.floors import GET, QUERY, Floors
from bench.meter import Cost, Log, Series
from entrepot.cloud import aws, dynamo
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import new_id
from tests.support.http import call
from tests.support.shop import Shop

PRODUCTS: Final = (100, 1_000, 10_000, 100_000)
ORDERS: Final = (24, 100, 1_000, 10_000)
MEMBERS: Final = (100, 1_000, 10_000)
LINES: Final = quotes.LINES
_BATCH: Final = 25
_TURNS: Final = 5
_PAGES: Final = ("list of 24", "list of a category", "orders of a member")

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """What a case costs where there are `size` of what the curve is about; `floor` as that of a use case."""

    curve: str
    size: int
    cost: Cost
    floor: float


@dataclass(frozen=True, slots=True)
class Measuring:
    """How each point is measured: so often, with the floor taken beside it."""

    floors: Floors
    log: Log
    times: int

    @property
    def runs(self) -> int:
        """With those that are counted."""
        return self.times + _TURNS


Say = Callable[[str], object]


def all_of_them(shop: Shop, at: Measuring, most: int, say: Say) -> list[Point]:
    """Every curve, none beyond `most`."""
    found: list[Point] = []
    for curve in (_lines, _orders, _members, _catalogue):
        for point in curve(shop, at, most):
            say(f"{point.curve} {point.size:,} {point.cost.name}")
            found.append(point)
    return found


def _catalogue(shop: Shop, at: Measuring, most: int) -> Iterator[Point]:
    """Lists, and one product after another."""
    merchant = shop.merchant()
    first = shop.product(merchant, "GROWTH-FIRST", category_id="growth")
    pattern = [
        *_under("catalogue", f"product#{first}", "product"),
        *_under("catalogue", "sku#GROWTH-FIRST", "offer"),
        *(item for name in ("all", "category#growth") for item in _under("catalogue", f"list#{name}", first)),
    ]
    there = [first]
    for size in _up_to(PRODUCTS, most):
        more = [new_id("prd", utc_now()) for _ in range(size - len(there))]
        renamed = ({first: product, "GROWTH-FIRST": f"GROWTH-{product}"} for product in more)
        put_copies("catalogue", pattern, renamed)
        there += more
        turns = iter(there[:: max(1, len(there) // (at.runs))] * 2)
        yield from _points(
            ("products", size),
            {
                "list of 24": lambda: ok(call("GET", "/v1/products?limit=24")),
                "list of a category": lambda: ok(call("GET", "/v1/products?category=growth&limit=24")),
                "detail": lambda: ok(call("GET", f"/v1/products/{next(turns)}")),  # noqa: B023
            },
            at,
        )


def _orders(shop: Shop, at: Measuring, most: int) -> Iterator[Point]:
    """A member's list of orders, and one more that the member places."""
    merchant = shop.merchant()
    shop.product(merchant, "GROWTH-ORDERS")
    shop.receive(merchant, "GROWTH-ORDERS", 100_000)
    member, buyer = token("shopper"), {"GROWTH-ORDERS": 1}
    member_id = _subject(member)
    placed = shop.place(buyer, token=member)["id"]
    pattern = _under("orders", f"list#member#{member_id}", placed)
    there = 1
    for size in _up_to(ORDERS, most):
        put_copies(
            "orders", pattern, ({placed: new_id("ord", utc_now())} for _ in range(max(0, size - there)))
        )
        quoted = iter([shop.quote(buyer, token=member) for _ in range(at.runs)])
        there = size + at.runs
        yield from _points(
            ("orders of a member", size),
            {
                "orders of a member": lambda: ok(call("GET", "/v1/orders?limit=24", token=member)),
                "place": lambda: ok(shop.try_place(next(quoted), token=member)),  # noqa: B023
            },
            at,
        )


def _members(_shop: Shop, at: Measuring, most: int) -> Iterator[Point]:
    """Signing in."""
    from functions.membership.facade import seed_account

    account = {"email": "growth@example.com", "password": "correct horse battery"}
    before = {_key(item) for item in _scanned("membership")}
    member_id = seed_account(account["email"], account["password"], "shopper", None, utc_now())
    pattern = [item for item in _scanned("membership") if _key(item) not in before]
    there = 1
    for size in _up_to(MEMBERS, most):
        copies = ({member_id: new_id("mbr", utc_now())} for _ in range(size - there))
        put_copies("membership", pattern, copies)
        there = size
        yield from _points(
            ("members", size), {"sign in": lambda: ok(call("POST", "/v1/sessions", account))}, at
        )


def _lines(shop: Shop, at: Measuring, most: int) -> Iterator[Point]:
    """Quotes of so many lines, and orders placed by them."""
    skus = quotes.stocked(shop, units=20_000)
    for size in _up_to(LINES, most):
        body = quotes.asked(skus[:size])
        made: list[Any] = []
        yield from _points(
            ("lines of an order", size),
            {
                "quote": lambda: made.append(ok(call("POST", "/v1/quotes", body)).json),  # noqa: B023
                "place": lambda: ok(shop.try_place(made.pop())),  # noqa: B023
            },
            at,
        )


def _points(
    where: tuple[str, int], cases: Mapping[str, Callable[[], object]], at: Measuring
) -> Iterator[Point]:
    for name, run in cases.items():
        named = f"{name} {where}"
        kind = QUERY if name in _PAGES else GET
        series = Series(name, at.log, at.floors.beside(named, (kind,)))
        for _ in range(at.runs):
            series.run(run)
        yield Point(*where, series.cost(), at.floors.of(named, kind))


def put_copies(table: str, pattern: Sequence[Item], renamed: Iterator[Mapping[str, str]]) -> None:
    """Put copies of items, each with words replaced throughout, in batches.

    Raises: AssertionError: an item would stay under its own key, and be one with its copy.
    """
    waiting: list[Item] = []
    texts = [json.dumps(item) for item in pattern]
    for words in renamed:
        for text, item in zip(texts, pattern, strict=True):
            copy = text
            for old, new in words.items():
                copy = copy.replace(old, new)
            waiting.append(_elsewhere(json.loads(copy), item, words))
        if len(waiting) >= _BATCH:
            waiting = _written(table, waiting)
    while waiting:
        waiting = _written(table, waiting)


def _elsewhere(copy: Item, item: Item, words: Mapping[str, str]) -> Item:
    """A row whose key names nobody, such as the hash of an address, gets a key of its own."""
    if _key(copy) == _key(item):
        copy["pk"] = {"S": f"{item['pk']['S']}#{'#'.join(words.values())}"}
    return copy


def _written(table: str, waiting: list[Item]) -> list[Item]:
    puts = [{"PutRequest": {"Item": item}} for item in waiting[:_BATCH]]
    answer = dynamo.call("BatchWriteItem", RequestItems={aws.name(table): puts})
    assert not answer.get("UnprocessedItems"), "the stand-in leaves nothing unwritten"
    return waiting[_BATCH:]


def _under(table: str, pk: str, within: str) -> list[Item]:
    """The items under a key whose range key holds a text."""
    answer = dynamo.call(
        "Query",
        TableName=aws.name(table),
        KeyConditionExpression="#0 = :0",
        ExpressionAttributeNames={"#0": "pk"},
        ExpressionAttributeValues={":0": {"S": pk}},
        ScanIndexForward=False,
    )
    found = [item for item in answer["Items"] if within in item["sk"]["S"]]
    assert found, f"nothing with {within} under {pk}"
    return found


def _scanned(table: str) -> list[Item]:
    """All items of a table: the bench may look at what nothing of the platform does."""
    found: list[Item] = []
    after: dict[str, Any] = {}
    while True:
        answer = dynamo.call("Scan", TableName=aws.name(table), **after)
        found += answer["Items"]
        if not answer.get("LastEvaluatedKey"):
            return found
        after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _subject(access: str) -> str:
    from entrepot.cloud import auth

    principal = auth.principal(access, utc_now())
    return str(principal.member_id)


def _up_to(sizes: Sequence[int], most: int) -> list[int]:
    return [size for size in sizes if size <= most]
