"""What a request consumes, by the examples of DynamoDB's own documentation and by what each write changes."""

import pytest

from bench import capacity

SMALL = {"pk": {"S": "a"}, "sk": {"S": "b"}}


def item(size: int, **more: str) -> dict[str, dict[str, str]]:
    """An item of exactly so many bytes."""
    kept = SMALL | {name: {"S": value} for name, value in more.items()}
    return kept | {"text": {"S": "x" * (size - capacity.item_bytes(kept) - len("text"))}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "Torstraße"}, 10),
        ({"N": "0"}, 1),
        ({"N": "120"}, 2),
        ({"N": "-12345"}, 5),
        ({"N": "1.5"}, 2),
        ({"B": b"\x00" * 7}, 7),
        ({"B": "AAAAAA=="}, 4),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"N": "7"}]}, 3 + (1 + 2) + (1 + 2)),
        ({"M": {"of": {"S": "ab"}}}, 3 + (1 + 2 + 2)),
    ],
)
def test_an_attribute_weighs_its_name_and_its_value(value, size) -> None:
    assert len("name") + size == capacity.item_bytes({"name": value})


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [
        (0, False, 0.5),
        (3500, True, 1),
        (4096, False, 0.5),
        (4097, False, 1),
        (8192, True, 2),
        (8193, True, 3),
    ],
)
def test_a_read_is_rounded_up_to_four_kilobytes_and_costs_half_where_it_may_be_late(size, consistent, units):
    assert units == capacity.read_units(size, consistent)


def test_each_item_of_a_batch_is_rounded_up_by_itself_and_a_missing_one_is_paid_for() -> None:
    asked = {"t": {"Keys": [{}, {}, {}], "ConsistentRead": False}}
    found = {"Responses": {"t": [item(100), item(5000)]}}

    units = capacity.read(refused, "BatchGetItem", {"RequestItems": asked}, found)

    assert 0.5 + 1.0 + 0.5 == units


def test_a_query_is_rounded_up_as_a_whole() -> None:
    answer = {"Items": [item(1000)] * 24}

    assert 3.0 == capacity.read(refused, "Query", {"KeyConditionExpression": "#0 = :0"}, answer)


def test_a_query_is_paid_for_what_its_filter_drops() -> None:
    asked = {
        "KeyConditionExpression": "#0 = :0",
        "FilterExpression": "#1 = :1",
        "ExpressionAttributeNames": {"#0": "pk", "#1": "state"},
        "ExpressionAttributeValues": {":0": {"S": "a"}, ":1": {"S": "live"}},
        "ConsistentRead": True,
    }
    sent = []

    def send(operation, **arguments):
        sent.append((operation, arguments))
        return {"Items": [item(3000)] * 3}

    assert 3.0 == capacity.read(send, "Query", asked, {"Items": [item(3000)]})
    plain = {
        "KeyConditionExpression": "#0 = :0",
        "ExpressionAttributeNames": {"#0": "pk"},
        "ExpressionAttributeValues": {":0": {"S": "a"}},
        "ConsistentRead": True,
    }
    assert [("Query", plain)] == sent


@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        ({}, item(1024), 1),
        ({}, item(1025), 2),
        (item(3000), item(100), 3),
        (item(3000), {}, 3),
        ({}, {}, 1),
    ],
)
def test_a_write_is_paid_for_the_larger_of_before_and_after(old, new, units) -> None:
    assert units == write("PutItem", "inventory", old, new)


def test_a_transaction_pays_each_item_twice_and_a_check_as_a_write() -> None:
    request = {
        "TransactItems": [
            {"Put": {"TableName": "entrepot-test-inventory", "Item": item(1500)}},
            {"ConditionCheck": {"TableName": "entrepot-test-inventory", "Key": SMALL}},
        ]
    }
    items = capacity.touched("TransactWriteItems", request)

    assert ["Put", "ConditionCheck"] == [verb for verb, _, _ in items]
    units = capacity.written("TransactWriteItems", items, [{}, item(100)], [item(1500), item(100)])
    assert 2 * 2 + 2 * 1 == units


@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        ({}, item(500), 1),
        ({}, item(500, due_shard="1", due_at="2026"), 1 + 1),
        (item(500, due_shard="1", due_at="2026"), item(500, due_shard="1", due_at="2026"), 1),
        (item(500, due_shard="1", due_at="2026"), item(500, due_shard="1", due_at="2027"), 1 + 2),
        (item(500, due_shard="1", due_at="2026"), item(600, due_shard="1", due_at="2026"), 1 + 1),
        (item(500, due_shard="1", due_at="2026"), item(500), 1 + 1),
    ],
)
def test_an_index_is_paid_for_where_its_entry_changes(old, new, units) -> None:
    assert units == write("UpdateItem", "orders", old, new)


def test_an_operation_that_nobody_has_thought_of_is_refused() -> None:
    with pytest.raises(AssertionError, match="Scan"):
        capacity.read(refused, "Scan", {}, {})


def write(operation: str, table: str, old, new) -> int:
    return capacity.written(operation, [("Put", f"entrepot-test-{table}", SMALL)], [old], [new])


def refused(operation, **_):
    raise AssertionError(f"{operation} was sent")
