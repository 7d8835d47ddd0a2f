"""Faults of the way back, one at a time: each must turn the drill red."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from unittest.mock import patch

from infra.backup import archive, making, rows
from infra.stage import Stage
from tests.drill import day


@contextmanager
def _table_left_out() -> Iterator[None]:
    """The backup forgets a table."""
    honest = making.make

    def less(stage: Stage, *given: Any, **more: Any) -> Any:
        whole = stage.tables
        with patch.object(
            Stage, "tables", property(lambda _: tuple(name for name in whole if name != "payments"))
        ):
            return honest(stage, *given, **more)

    with patch.object(making, "make", less):
        yield


@contextmanager
def _row_dropped() -> Iterator[None]:
    """The backup drops the first row of the ledger, whenever it looks."""
    honest = rows.scanned

    def dropping(stage: Stage, table: str) -> Iterator[Any]:
        found = honest(stage, table)
        if table == "ledger":
            next(found)
        return found

    with patch.object(making, "scanned", dropping):
        yield


@contextmanager
def _byte_unseen() -> Iterator[None]:
    """Nobody compares the bytes of an archive with its seal."""
    with patch.object(archive, "_tail", lambda *_: _Equal()):
        yield


class _Equal(bytes):
    def __eq__(self, _: object) -> bool:
        return True

    def __ne__(self, _: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


@contextmanager
def _marked_unpublished() -> Iterator[None]:
    """An event is marked as sent and never was."""
    honest = day.traded

    def marked(up: Any, orders: int, say: Any) -> Any:
        left = honest(up, orders, say)
        stage = day.of(up)
        stage.client("dynamodb").update_item(
            TableName=stage.called("outbox"),
            Key={"pk": day.event_of(stage, left.waiting)["pk"], "sk": {"S": "event"}},
            UpdateExpression="SET sent_at = created_at REMOVE unsent_shard",
        )
        return left

    with patch.object(day, "traded", marked):
        yield


ALL: Final[dict[str, Callable[[], AbstractContextManager[None]]]] = {
    "table-left-out": _table_left_out,
    "row-dropped": _row_dropped,
    "byte-unseen": _byte_unseen,
    "marked-unpublished": _marked_unpublished,
}
