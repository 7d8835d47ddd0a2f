"""A stage in one file and back: everything is there again, nothing is written over, and nothing altered is taken."""

from pathlib import Path

import pytest

from infra.backup import checking, restoring
from infra.backup.archive import BadArchive, Manifest, verified
from infra.backup.making import make
from infra.backup.restoring import NotRestored, Wishes, restore
from infra.stage import Stage
from tests.integration.operations.conftest import QUIET
from tests.support.aws import SECRETS

Archive = tuple[Path, Manifest]


def test_an_archive_holds_every_table_and_every_bucket_and_each_dead_letter(archive: Archive) -> None:
    _, manifest = archive

    filled = {name for name, each in manifest.tables.items() if each.count}
    assert {
        "catalogue",
        "inventory",
        "membership",
        "payments",
        "orders",
        "ledger",
        "outbox",
        "audit",
    } <= filled
    assert {"papers": 1, "exports": 1, "payouts": 0} == {
        n: each.count for n, each in manifest.buckets.items()
    }
    assert {"orders-events": 1} == {name: each.count for name, each in manifest.letters.items()}
    assert [] == manifest.moved


def test_what_is_restored_has_the_checksum_of_what_was_there(
    traded: Stage, archive: Archive, empty: Stage, horizon: int
) -> None:
    path, manifest = archive

    done = restore(path, empty, traded, QUIET)

    there, here = checking.of_stage(traded, horizon), checking.of_stage(empty, horizon)
    _, filed = checking.of_archive(path, traded, horizon)
    assert [] == checking.differences(there, here)
    assert there.checksum == here.checksum == filed.checksum
    assert sum(tally.count for tally in here.tallies.values()) > 50
    assert {n: each.count for n, each in manifest.tables.items() if each.count} == {
        name: done.written[name] for name in manifest.tables if name in done.written
    }
    assert done.resealed > 3


def test_a_second_restore_changes_nothing(
    traded: Stage, archive: Archive, empty: Stage, horizon: int
) -> None:
    restore(archive[0], empty, traded, QUIET)
    before = checking.of_stage(empty, horizon).checksum

    again = restore(archive[0], empty, traded, QUIET)

    assert again.before
    assert {} == again.written
    assert before == checking.of_stage(empty, horizon).checksum


def test_a_restore_that_was_interrupted_goes_on_and_ends_the_same(
    traded: Stage, archive: Archive, empty: Stage, horizon: int
) -> None:
    class Interrupted(Exception):
        pass

    def say(line: str) -> None:
        if "membership" in line:
            raise Interrupted

    with pytest.raises(Interrupted):
        restore(archive[0], empty, traded, say)

    done = restore(archive[0], empty, traded, QUIET)

    assert done.there["membership"] == archive[1].tables["membership"].count
    assert done.written["orders"] == archive[1].tables["orders"].count
    assert checking.of_stage(traded, horizon).checksum == checking.of_stage(empty, horizon).checksum


def test_a_restore_that_dies_while_it_says_that_it_is_done_can_be_done_again(
    traded: Stage, archive: Archive, empty: Stage
) -> None:
    restore(archive[0], empty, traded, QUIET)
    restoring._set_tag(empty, "orders", restoring._tag(empty, "rates").replace("done", "begun"))

    again = restore(archive[0], empty, traded, QUIET)

    assert archive[1].tables["orders"].count == again.there["orders"]
    assert restore(archive[0], empty, traded, QUIET).before


def test_a_table_that_holds_rows_is_refused_and_stays_as_it_is(
    traded: Stage, archive: Archive, empty: Stage, horizon: int
) -> None:
    _put(empty, "rates", "rate#EUR", "here before")

    with pytest.raises(NotRestored, match="rates"):
        restore(archive[0], empty, traded, QUIET)

    found = checking.of_stage(empty, horizon)
    assert 1 == found.tallies["tables/rates"].count
    assert 1 == sum(tally.count for tally in found.tallies.values())


def test_a_table_that_is_named_is_written_into(
    traded: Stage, archive: Archive, empty: Stage, horizon: int
) -> None:
    _put(empty, "rates", "rate#EUR", "here before")

    restore(archive[0], empty, traded, QUIET, Wishes(forced=["rates"]))

    left = checking.differences(checking.of_stage(traded, horizon), checking.of_stage(empty, horizon))
    assert ["tables/rates: 1 instead of 0"] == left


def test_a_row_that_is_another_there_is_not_written_over(
    traded: Stage, archive: Archive, empty: Stage
) -> None:
    """An interrupted restore goes on, but business has begun meanwhile on what it had restored."""

    class Interrupted(Exception):
        pass

    def say(line: str) -> None:
        if "orders" in line:
            raise Interrupted

    with pytest.raises(Interrupted):
        restore(archive[0], empty, traded, say)
    order = next(row for row in _rows(empty, "orders") if row["sk"]["S"] == "order")
    empty.client("dynamodb").put_item(
        TableName=empty.called("orders"), Item={**order, "status": {"S": "another"}}
    )

    with pytest.raises(NotRestored, match="another row"):
        restore(archive[0], empty, traded, QUIET)

    assert "another" in [row["status"]["S"] for row in _rows(empty, "orders") if row["sk"]["S"] == "order"]


@pytest.mark.parametrize("at", [0, 100, 512, 5_000, -1, -700, -1_100, -1_300, -1_400, -1_500, -2_000, 0.5])
def test_one_altered_byte_anywhere_is_seen(archive: Archive, tmp_path: Path, at: float) -> None:
    with pytest.raises(BadArchive):
        verified(_altered(archive[0], tmp_path, at))


def test_an_altered_archive_is_refused_before_anything_is_written(
    archive: Archive, empty: Stage, traded: Stage, tmp_path: Path
) -> None:
    with pytest.raises(BadArchive):
        restore(_altered(archive[0], tmp_path, 0.3), empty, traded, QUIET)

    assert [] == [row for table in empty.tables for row in _rows(empty, table)]


@pytest.mark.parametrize("left", [0.99, 0.5, 0.0])
def test_an_archive_that_is_cut_off_is_refused(archive: Archive, tmp_path: Path, left: float) -> None:
    raw = archive[0].read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(raw[: int(len(raw) * left)])

    with pytest.raises(BadArchive):
        verified(cut)


def test_an_archive_that_somebody_sealed_anew_is_not_ours(archive: Archive) -> None:
    """Whoever can write the file can also hash it; the stage's audit key is what they do not have."""
    with pytest.raises(BadArchive, match="another audit key"):
        verified(archive[0], b"another key")


def test_a_stage_with_another_identity_key_is_refused(traded: Stage, archive: Archive, empty: Stage) -> None:
    empty.put_secret({**SECRETS, "identity_key": "made anew"})

    with pytest.raises(NotRestored, match="identity_key"):
        restore(archive[0], empty, traded, QUIET)

    assert [] == _rows(empty, "membership")


def test_an_archive_is_readable_by_its_owner_only_and_written_over_never(
    archive: Archive, traded: Stage
) -> None:
    assert 0o600 == archive[0].stat().st_mode & 0o777
    with pytest.raises(BadArchive, match="already"):
        make(traded, archive[0], QUIET)


def test_a_table_that_moves_while_it_is_read_makes_no_moment(
    traded: Stage, empty: Stage, tmp_path: Path
) -> None:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "outbox" in line:
            _put(empty, "rates", "rate#CHF", "written meanwhile")

    manifest = make(empty, tmp_path / "moved.tar", say)

    assert ["rates"] == manifest.moved
    with pytest.raises(NotRestored, match="rates changed"):
        restore(tmp_path / "moved.tar", empty, empty, QUIET)


def _altered(path: Path, folder: Path, at: float) -> Path:
    """A copy with one bit of one byte turned. Args: at: which byte, from the end if negative; or which part of all."""
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * at) if 0 < at < 1 else int(at)] ^= 1
    altered = folder / "altered.tar"
    altered.write_bytes(raw)
    return altered


def _put(stage: Stage, table: str, pk: str, value: str) -> None:
    stage.client("dynamodb").put_item(
        TableName=stage.called(table), Item={"pk": {"S": pk}, "sk": {"S": "x"}, "value": {"S": value}}
    )


def _rows(stage: Stage, table: str) -> list[dict[str, dict[str, str]]]:
    found: list[dict[str, dict[str, str]]] = stage.client("dynamodb").scan(TableName=stage.called(table))[
        "Items"
    ]
    return found
