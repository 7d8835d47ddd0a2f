"""`python -m infra.backup make | verify | restore | checksum | compare | from-export | stop | start`.

    stop, start                      a stage stands still, and goes on: an archive of one moment needs that
    make --archive FILE              everything of the stage into a file
    verify --archive FILE            whether every byte of the file is as it was written, and what is in it
    checksum                         everything of the stage as one checksum
    compare --archive FILE           the stage beside the file
    restore --archive FILE           the file into an empty stage; --from-… says whose key of KMS opens what is sealed
    from-export FOLDER --archive FILE  DynamoDB's own exports of a point in time as an archive

The stage's secret is in no archive: bring it beside, and put it before restoring.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from infra.stage import OUT_OF_REACH, Stage, add_arguments, chosen


def main(arguments: list[str]) -> int:
    given = _parsed(arguments)
    stage = chosen(given)
    # What follows knows the stage from the environment, so it is imported once that is set.
    from infra.backup import standing
    from infra.backup.archive import BadArchive
    from infra.backup.restoring import NotRestored

    if given.command in ("stop", "start"):
        {"stop": standing.stop, "start": standing.start}[given.command](stage, print, given.only)
        return 0
    act = {
        "make": _make,
        "verify": _verify,
        "restore": _restore,
        "checksum": _checksum,
        "compare": _compare,
        "from-export": _from_export,
    }[given.command]
    try:
        return act(stage, given)
    except (BadArchive, NotRestored, LookupError, FileNotFoundError) as refused:
        print(f"backup: {refused}", file=sys.stderr)
        return 2


def _make(stage: Stage, given: argparse.Namespace) -> int:
    from infra.backup.making import make

    began = time.monotonic()
    made = make(stage, given.archive, print, second_look=not given.one_look)
    rows, seconds = sum(each.count for each in made.tables.values()), time.monotonic() - began
    size = given.archive.stat().st_size / 1e6
    print(
        f"{rows:,} rows of {stage.name} in {given.archive}, {size:.2f} MB, "
        f"{seconds:.1f} s, {rows / seconds:,.0f} rows/s"
    )
    print(f"checksum {made.checksum}")
    if made.waiting:
        told = ", ".join(f"{queue} {number}" for queue, number in made.waiting.items())
        print(f"on their way, and in no archive: {told} (infra.outbox finds the events among them)")
    if made.moved:
        print(
            f"NOT A MOMENT: {', '.join(made.moved)} changed while it was made. Stop the stage and make it again."
        )
    return 1 if made.moved else 0


def _verify(stage: Stage, given: argparse.Namespace) -> int:
    from infra.backup.archive import verified

    manifest = verified(given.archive, None if given.without_secret else stage.secret()["audit_key"].encode())
    for name, each in manifest.tables.items():
        print(f"  {name:<22} {each.count:>9,} rows, {each.passed:,} left out whose time was over")
    for name, each in manifest.buckets.items():
        print(f"  {name:<22} {each.count:>9,} objects")
    for name, each in manifest.letters.items():
        print(f"  {name:<22} {each.count:>9,} dead letters")
    moved = f", NOT A MOMENT: {', '.join(manifest.moved)} moved" if manifest.moved else ""
    print(f"{given.archive} of {manifest.stage}, {manifest.made_at}: every byte as it was written{moved}")
    print(f"checksum {manifest.checksum}")
    return 0


def _restore(stage: Stage, given: argparse.Namespace) -> int:
    from infra.backup.restoring import Wishes, restore

    origin = _origin(stage, given)
    wishes = Wishes(forced=given.force, moved_too=given.moved_too, while_running=given.while_running)
    began = time.monotonic()
    done = restore(given.archive, stage, origin, print, wishes)
    if done.before:
        print(f"{stage.name} was restored from this archive before; nothing was done")
        return 0
    rows, seconds = sum(each.count for each in done.manifest.tables.values()), time.monotonic() - began
    there = sum(done.there.values())
    print(
        f"{rows:,} rows in {stage.name}, {there:,} of them there already, {done.resealed:,} texts sealed anew, "
        f"{seconds:.1f} s, {rows / seconds:,.0f} rows/s"
    )
    return _compare(stage, given)


def _checksum(stage: Stage, given: argparse.Namespace) -> int:
    from infra.backup.checking import of_stage

    horizon = given.horizon or int(time.time())
    found = of_stage(stage, horizon)
    for name, tally in found.tallies.items():
        print(f"  {name:<32} {tally.count:>9,}  {tally.digest[:16]}")
    print(
        f"checksum {found.checksum}  of {stage.name}; left out: {found.passed:,} rows whose time was over by {horizon}"
    )
    return 0


def _compare(stage: Stage, given: argparse.Namespace) -> int:
    """Prints both checksums. Returns: 0 where they are the same."""
    from infra.backup.checking import differences, of_archive, of_stage

    horizon = given.horizon or int(time.time())
    manifest, expected = of_archive(given.archive, _origin(stage, given), horizon)
    found = of_stage(stage, horizon)
    for told in differences(expected, found):
        print(f"  {told}")
    print(f"checksum {expected.checksum}  of the archive of {manifest.stage}")
    print(f"checksum {found.checksum}  of {stage.name}")
    return 0 if expected.checksum == found.checksum else 1


def _from_export(stage: Stage, given: argparse.Namespace) -> int:
    from infra.backup.exported import from_export

    made = from_export(stage, given.folder, given.archive, print)
    print(f"checksum {made.checksum}  of the exports in {given.folder}")
    return 0


def _origin(stage: Stage, given: argparse.Namespace) -> Stage:
    """The stage whose key opens what an archive holds sealed: this one, if nothing else is said."""
    if not (given.from_stage or given.from_endpoint or given.from_profile):
        return stage
    return Stage(
        given.from_stage or stage.name,
        given.from_endpoint or stage.endpoint,
        given.from_profile or stage.profile,
    )


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.backup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = ["make", "verify", "restore", "checksum", "compare", "from-export", "stop", "start"]
    parser.add_argument("command", choices=commands)
    parser.add_argument("folder", nargs="?", type=Path, help="of DynamoDB's exports")
    parser.add_argument("--archive", type=Path, help="the file")
    parser.add_argument(
        "--horizon", type=int, help="leave out rows whose time is over by then; seconds since 1970"
    )
    parser.add_argument("--one-look", action="store_true", help="do not look whether tables moved meanwhile")
    parser.add_argument("--without-secret", action="store_true", help="check the bytes, not whose they are")
    parser.add_argument("--force", action="append", default=[], metavar="TABLE", help="write over this table")
    parser.add_argument(
        "--only", action="append", default=[], metavar="FUNCTION", help="stop or start this one"
    )
    parser.add_argument("--moved-too", action="store_true", help="an archive that is of no one moment")
    parser.add_argument("--while-running", action="store_true", help="into a stage that was not stopped")
    add_arguments(parser)
    add_arguments(parser, "from")
    given = parser.parse_args(arguments)
    if given.command in ("make", "verify", "restore", "compare", "from-export") and given.archive is None:
        parser.error(f"{given.command} needs --archive")
    if given.command == "from-export" and given.folder is None:
        parser.error("from-export needs the folder of the exports")
    return given


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    try:
        sys.exit(main(sys.argv[1:]))
    except OUT_OF_REACH as failed:
        sys.exit(f"backup: {failed}")
