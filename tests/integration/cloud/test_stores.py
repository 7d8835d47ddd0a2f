"""The store in memory answers as moto does: the same requests, made by our own rows, sent to both."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entrepot.cloud import aws as platform
from entrepot.cloud import dynamo, outbox, reads, writes
from entrepot.cloud.rows import Number, Row, Text
from entrepot.kernel.refusals import Kind, Refusal
from tests.support.memory import Memory

pytestmark = pytest.mark.usefixtures("aws_of_moto")

SEED = 20261122
REQUESTS = 200


@pytest.mark.parametrize(
    ("pk", "sk"), [("", "a"), ("a", ""), ("p" * 2049, "a"), ("a", "s" * 1025), ("a", "é" * 513)]
)
def test_a_key_that_dynamodb_refuses_is_refused_in_memory(pk: str, sk: str) -> None:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    memory = Memory()

    for operation, arguments in (
        ("GetItem", {"Key": key}),
        ("PutItem", {"Item": key}),
        ("DeleteItem", {"Key": key}),
    ):
        with pytest.raises(ClientError, match="ValidationException"):
            memory.call(operation, TableName=platform.name("catalogue"), **arguments)


@pytest.mark.parametrize("value", [{"S": "x" * 400 * 1024}, {"N": "1" * 39}])
def test_an_item_that_dynamodb_refuses_is_refused_in_memory(value: dict[str, str]) -> None:
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "held": value}

    with pytest.raises(ClientError, match="ValidationException"):
        Memory().call("PutItem", TableName=platform.name("catalogue"), Item=item)


class Refused(Refusal):
    code = "refused"
    kind = Kind.CONFLICT


class ItemRow(Row):
    class Meta:
        table_name = platform.name("catalogue")

    units = Number(null=True)
    label = Text(null=True)


class Both:
    """Every request goes to moto and to memory; what differs is kept."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.moto = dynamo.call
        self.different: list[Any] = []
        self.refused = 0

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        theirs, ours = (_outcome(send, operation, arguments) for send in (self.moto, self.memory.call))
        if _said(theirs) != _said(ours):
            self.different.append((operation, arguments, theirs, ours))
        if isinstance(theirs, ClientError):
            self.refused += 1
            raise theirs
        return dict(theirs)

    def compare(self, look: Callable[[], list[Any]]) -> list[Any]:
        """What is seen through one of the stores alone, first moto's, then ours."""
        seen = []
        for send in (self.moto, self.memory.call):
            with pytest.MonkeyPatch.context() as alone:
                alone.setattr(dynamo, "call", send)
                seen.append(look())
        if seen[0] != seen[1]:
            self.different.append(seen)
        return seen[1]


def _outcome(send: Callable[..., dict[str, Any]], operation: str, arguments: dict[str, Any]) -> Any:
    try:
        return send(operation, **arguments)
    except ClientError as error:
        return error


def _said(answer: Any) -> Any:
    """What of an answer the platform goes by."""
    if isinstance(answer, ClientError):
        reasons = answer.response.get("CancellationReasons", [])
        told = [(reason["Code"], reason.get("Item")) for reason in reasons]
        return answer.response["Error"]["Code"], answer.response.get("Item"), told
    kept = {name: answer[name] for name in ("Item", "Items") if answer.get(name)}
    if "Responses" in answer:
        items = [item for items in answer["Responses"].values() for item in items]
        kept["Responses"] = sorted(items, key=str)
    return kept


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Both:
    both = Both()
    monkeypatch.setattr(dynamo, "call", both.call)
    return both


def _keys(chance: random.Random) -> tuple[str, str]:
    return f"p{chance.randrange(3)}", f"s{chance.randrange(12):02}"


def _condition(chance: random.Random) -> Any:
    number = chance.randrange(-3, 9)
    return chance.choice(
        [
            ItemRow.pk.exists(),
            ItemRow.pk.does_not_exist(),
            ItemRow.units >= number,
            ItemRow.units < number,
            ItemRow.units == number,
            ItemRow.units != number,
            ItemRow.label.exists() & (ItemRow.units <= number),
            ItemRow.label.does_not_exist() | ItemRow.label.contains("b"),
            ~(ItemRow.units > number),
            ItemRow.units.between(number, number + 3),
            ItemRow.label.is_in("abc", "b"),
        ]
    )


def _write(chance: random.Random, keys: tuple[str, str]) -> writes.Write:
    row = ItemRow(*keys)
    full = ItemRow(*keys, units=chance.randrange(9), label=chance.choice(["abc", "b", "z", None]))
    condition, refusal = _condition(chance), Refused()
    actions: Any = chance.choice(
        [
            [ItemRow.units.add(chance.randrange(-4, 5)), ItemRow.label.remove()],
            [ItemRow.label.set("abc"), ItemRow.units.set(7)],
            [ItemRow.units.set((ItemRow.units | 3) + 2)],
            [ItemRow.label.set(ItemRow.label | "b")],
        ]
    )
    return chance.choice(
        [
            writes.put(full),
            writes.create(full, refusal),
            writes.put(full, condition, refusal),
            writes.update(row, actions, condition, refusal),
            writes.delete(row),
            writes.delete(row, condition, refusal),
            writes.check(row, condition, refusal),
        ]
    )


def _look(chance: random.Random, both: Both) -> None:
    """A list read to its end on each store, for where its pages are cut is not said; and some items by key."""
    low, high = sorted(f"s{chance.randrange(12):02}" for _ in range(2))
    pk, limit = f"p{chance.randrange(3)}", chance.choice([1, 3, 5])
    where = chance.choice(
        [
            None,
            ItemRow.sk >= low,
            ItemRow.sk < high,
            ItemRow.sk.between(low, high),
            ItemRow.sk.startswith("s0"),
        ]
    )
    only = chance.choice([None, ItemRow.units > 3, ItemRow.label.contains("b")])
    both.compare(
        lambda: reads.query_all(
            ItemRow, pk, lambda row: row.sk, where=where, only=only, limit=limit, newest_first=low > "s05"
        )
    )
    reads.fetch(*(reads.Read(ItemRow, *_keys(chance), lambda row: row.sk) for _ in range(5)))


def test_the_same_requests_have_the_same_answers(both: Both) -> None:
    chance = random.Random(SEED)
    for _ in range(REQUESTS):
        if chance.random() < 0.3:
            _look(chance, both)
            continue
        keys = {_keys(chance) for _ in range(chance.choice([1, 1, 2, 4]))}
        try:
            writes.commit(*(_write(chance, one) for one in sorted(keys)))
        except Refused:
            continue

    assert [] == both.different
    assert REQUESTS // 10 < both.refused < REQUESTS


def test_a_sparse_index_loses_what_is_marked_and_goes_by_its_own_order(both: Both) -> None:
    rows = [
        outbox.OutboxRow(
            f"evt_{number}", "event", topic="orders", event="orders.x", body="{}", correlation_id="-",
            created_at=f"2026-11-22T10:00:0{9 - number}.000000Z", unsent_shard=str(number % 2),
        )
        for number in range(6)
    ]  # fmt: skip
    writes.commit(*(writes.create(row, Refused()) for row in rows))
    writes.commit(
        writes.update(
            rows[2],
            [outbox.OutboxRow.unsent_shard.remove()],
            outbox.OutboxRow.unsent_shard.exists(),
            Refused(),
        )
    )

    found = [
        both.compare(
            lambda shard=shard: reads.query_all(  # type: ignore[misc]
                outbox.OutboxRow, shard, lambda row: row.pk, index="unsent", limit=2
            )
        )
        for shard in ("0", "1")
    ]

    assert [["evt_4", "evt_0"], ["evt_5", "evt_3", "evt_1"]] == found
    assert [] == both.different
