"""The comparison can fail: whatever is left out, dropped or altered on the way must show in it, for a check
that cannot fail proves nothing.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.cloud import seal
from infra.backup import checking, making, restoring, rows
from infra.backup.archive import BadArchive, Manifest
from infra.backup.making import make
from infra.backup.restoring import restore
from infra.stage import Stage
from tests.integration.operations.conftest import QUIET

Archive = tuple[Path, Manifest]


def _compared(traded: Stage, empty: Stage, horizon: int) -> list[str]:
    return checking.differences(checking.of_stage(traded, horizon), checking.of_stage(empty, horizon))


def test_a_table_that_is_left_out_of_the_backup_shows(
    traded: Stage, empty: Stage, horizon: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Stage.tables.fget  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        patch.setattr(
            Stage, "tables", property(lambda self: tuple(t for t in whole(self) if t != "payments"))
        )
        make(traded, tmp_path / "less.tar", QUIET)
        restore(tmp_path / "less.tar", empty, traded, QUIET)

    (told,) = _compared(traded, empty, horizon)
    assert told.startswith("tables/payments: 0 instead of ")


def test_a_row_that_is_dropped_while_restoring_is_noticed_at_once(
    traded: Stage, empty: Stage, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = restoring._batches

    def dropping(found: Iterator[Any]) -> Iterator[Any]:
        for batch in honest(found):
            yield batch[:-1]

    monkeypatch.setattr(restoring, "_batches", dropping)

    with pytest.raises(BadArchive, match="instead of"):
        restore(archive[0], empty, traded, QUIET)


def test_a_row_that_is_dropped_while_reading_shows(
    traded: Stage, empty: Stage, horizon: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = rows.scanned

    def dropping(stage: Stage, table: str) -> Iterator[Any]:
        found = list(honest(stage, table))
        return iter(found[1:] if table == "ledger" else found)

    with monkeypatch.context() as patch:
        patch.setattr(making, "scanned", dropping)
        make(traded, tmp_path / "less.tar", QUIET)
    restore(tmp_path / "less.tar", empty, traded, QUIET)

    (told,) = _compared(traded, empty, horizon)
    assert told.startswith("tables/ledger: ")


def test_one_unit_more_of_one_row_shows(
    traded: Stage, empty: Stage, archive: Archive, horizon: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = restoring._Work._renewed

    def altered(self: Any, table: str, row: Any) -> Any:
        after = honest(self, table, row)
        if table == "inventory" and "available" in after:
            after["available"] = {"N": str(int(after["available"]["N"]) + 1)}
        return after

    with monkeypatch.context() as patch:
        patch.setattr(restoring._Work, "_renewed", altered)
        restore(archive[0], empty, traded, QUIET)

    (told,) = _compared(traded, empty, horizon)
    assert told.startswith("tables/inventory: as many, ")


def test_a_name_that_is_sealed_anew_as_another_shows(
    traded: Stage, empty: Stage, archive: Archive, horizon: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = seal.Sealer.sealed

    def altered(self: seal.Sealer, value: Any, purpose: str, record: str = "") -> str:
        return honest(self, {**value, "name": "Mallory"} if "name" in value else value, purpose, record)

    with monkeypatch.context() as patch:
        patch.setattr(seal.Sealer, "sealed", altered)
        restore(archive[0], empty, traded, QUIET)

    (told,) = _compared(traded, empty, horizon)
    assert told.startswith("tables/orders: as many, ")


def test_rows_whose_time_is_over_are_no_business_state(traded: Stage, empty: Stage, tmp_path: Path) -> None:
    now = int(time.time())
    item = {"pk": {"S": "left"}, "sk": {"S": "over"}, "expires_at": {"N": str(now - 10)}}
    empty.client("dynamodb").put_item(TableName=empty.called("inbox"), Item=item)

    found = checking.of_stage(empty, now)
    manifest = make(empty, tmp_path / "over.tar", QUIET)

    assert (0, 1) == (found.tallies["tables/inbox"].count, found.passed)
    assert (0, 1) == (manifest.tables["inbox"].count, manifest.tables["inbox"].passed)
