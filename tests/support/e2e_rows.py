"""What DynamoDB holds, counted row by row: the end of a test is read from the tables, not from answers."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.support.documents import text


def rows(dynamodb: Any, table: str) -> Iterator[dict[str, Any]]:
    """Every item of a table, in DynamoDB's own notation."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def taken(dynamodb: Any, stage: str, sku: str) -> list[int]:
    """How many units of a limited SKU each of its buyers has counted, in no order."""
    return [
        int(item["units"]["N"])
        for item in rows(dynamodb, f"entrepot-{stage}-inventory")
        if item["pk"]["S"].startswith(f"allowance#{sku}#")
    ]


def written(dynamodb: Any, stage: str, sku: str) -> dict[str, int]:
    """How many orders, reservations and order_placed events name a SKU."""
    counted: Counter[str] = Counter({"orders": 0, "reservations": 0, "order_placed events": 0})
    named = f'"{sku}"'
    for item in rows(dynamodb, f"entrepot-{stage}-orders"):
        if item["sk"]["S"] == "order" and named in text(item, "document"):
            counted["orders"] += 1
    for item in rows(dynamodb, f"entrepot-{stage}-inventory"):
        if item["sk"]["S"] == "reservation" and named in item["reservation"]["S"]:
            counted["reservations"] += 1
    for item in rows(dynamodb, f"entrepot-{stage}-outbox"):
        if item["event"]["S"] == "orders.order_placed" and named in item["body"]["S"]:
            counted["order_placed events"] += 1
    return dict(counted)
