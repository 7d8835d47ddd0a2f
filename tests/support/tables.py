"""Tables of the estate as DynamoDB is asked to make them, where no template does."""

from typing import Any

from infra.estate import Table


def described(table: Table, name: str) -> dict[str, Any]:
    """What `create_table` takes for a table, under a stage's name for it."""
    attributes = ["pk", "sk", *(table.index[1:] if table.index else ())]
    options: dict[str, Any] = {}
    if table.index:
        index_name, hash_key, range_key = table.index
        index = {
            "IndexName": index_name,
            "KeySchema": _keys(hash_key, range_key),
            "Projection": {"ProjectionType": "ALL"},
        }
        options["GlobalSecondaryIndexes"] = [index]
    return {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in attributes],
        "KeySchema": _keys("pk", "sk"),
        "BillingMode": "PAY_PER_REQUEST",
        **options,
    }


def _keys(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]
