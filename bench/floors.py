"""What the machine and the libraries cost at the least, measured in the same run as everything else.

The floor is the libraries' own: pynamodb over botocore, each with a client of its own, whatever the platform sends its
requests by.
"""

import os
from functools import cache
from typing import Any

import botocore.session
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from bench.meter import Cost, measured
from entrepot.cloud import aws


class Plain(Model):
    """A model of pynamodb's own, as its documentation shows one: the reference of the budgets."""

    class Meta:
        table_name = aws.name("catalogue")
        region = "eu-central-1"
        host = os.environ.get("AWS_ENDPOINT_URL")

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    text = UnicodeAttribute(null=True)


def all_of_them(times: int) -> dict[str, Cost]:
    """A read of one item, a query of 24 and a transaction of five, each with items of 600 bytes."""
    for number in range(24):
        Plain("floor", f"{number:02}", text="x" * 600).save()
    return {
        "get": measured("pynamodb GetItem", lambda _: Plain.get("floor", "00"), [None] * times),
        "query": measured(
            "pynamodb Query of 24", lambda _: list(Plain.query("floor", limit=24)), [None] * times
        ),
        "write": measured("pynamodb transaction of 5", _transaction, list(range(times))),
    }


def sent_by_botocore(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """One request as botocore alone sends it: for what a use case's own requests cost without the use case."""
    answer: dict[str, Any] = _client()._make_api_call(operation, arguments)
    return answer


@cache
def _client() -> Any:
    return botocore.session.get_session().create_client("dynamodb", region_name=Plain.Meta.region)


def _transaction(_number: Any) -> None:
    with TransactWrite(connection=Plain._get_connection().connection) as transaction:
        for number in range(5):
            transaction.save(Plain("floor-write", str(number), text="x" * 600))
