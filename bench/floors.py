"""What the machine and the libraries cost at the least, measured in the same run as everything else.

The floor is the libraries' own: pynamodb over botocore, each with a client of its own, whatever the platform sends its
requests by. It is taken beside each run of a case, so that what else the machine does falls on both alike.
"""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

import botocore.session
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from bench.meter import Cost, measured
from entrepot.cloud import aws

GET: Final = "get"
QUERY: Final = "query"
WRITE: Final = "write"


class Plain(Model):
    """A model of pynamodb's own, as its documentation shows one: the reference of the budgets."""

    class Meta:
        table_name = aws.name("catalogue")
        region = "eu-central-1"
        host = os.environ.get("AWS_ENDPOINT_URL")

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    text = UnicodeAttribute(null=True)


class Floors:
    """A read of one item, a query of 24 and a transaction of five, each with items of 600 bytes."""

    def __init__(self) -> None:
        for number in range(24):
            Plain("floor", f"{number:02}", text="x" * 600).save()
        self._taken: dict[tuple[str, str], list[float]] = defaultdict(list)

    def beside(self, case: str, kinds: Iterable[str]) -> Callable[[], None]:
        """What is to run after each run of a case, so that each of `kinds` is measured then."""

        def run() -> None:
            for kind in kinds:
                before = time.process_time()
                _FLOORS[kind]()
                self._taken[case, kind].append((time.process_time() - before) * 1000)

        return run

    def of(self, case: str, kind: str) -> float:
        """CPU in milliseconds, the median of what was taken beside a case; of all cases where beside it none was."""
        taken = self._taken.get((case, kind)) or [
            value for (_, each), values in self._taken.items() if each == kind for value in values
        ]
        return statistics.median(taken)

    def costs(self, times: int) -> dict[str, Cost]:
        """Each floor in full, measured by itself."""
        return {
            kind: measured(name, lambda _, kind=kind: _FLOORS[kind](), [None] * times)  # type: ignore[misc]
            for kind, name in _NAMES.items()
        }


def sent_by_botocore(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """One request as botocore alone sends it: for what a use case's own requests cost without the use case."""
    answer: dict[str, Any] = _client()._make_api_call(operation, arguments)
    return answer


@cache
def _client() -> Any:
    return botocore.session.get_session().create_client("dynamodb", region_name=Plain.Meta.region)


def _get() -> None:
    Plain.get("floor", "00")


def _query() -> None:
    list(Plain.query("floor", limit=24))


def _transaction() -> None:
    with TransactWrite(connection=Plain._get_connection().connection) as transaction:
        for number in range(5):
            transaction.save(Plain("floor-write", str(number), text="x" * 600))


_FLOORS: Final[dict[str, Callable[[], None]]] = {GET: _get, QUERY: _query, WRITE: _transaction}
_NAMES: Final = {
    GET: "pynamodb GetItem",
    QUERY: "pynamodb Query of 24",
    WRITE: "pynamodb transaction of 5",
}
