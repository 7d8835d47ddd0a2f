"""What a stage holds, as one checksum; and a stage beside an archive, row by row."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from infra.backup import rows
from infra.backup.archive import Manifest, lines, members, verified
from infra.backup.making import listed, object_line
from infra.backup.rows import Tally, alive, common, scanned
from infra.estate import QUEUES
from infra.letters import peeked
from infra.stage import BUCKETS, Stage

Tallies = dict[str, Tally]


@dataclass(frozen=True)
class Sum:
    """What was added up: tallies by name, such as "tables/orders", and how many rows the horizon left out."""

    tallies: Tallies
    passed: int

    @property
    def checksum(self) -> str:
        return rows.whole(self.tallies)


def of_stage(stage: Stage, horizon: int) -> Sum:
    """All business state of a stage: every row of every table that lives beyond the horizon (seconds since 1970), every
    object, every dead letter. Nothing else is left out.
    """
    opened, passed, tallies = rows.opener(stage).opened, 0, {}
    for table in stage.tables:
        tally = tallies[f"tables/{table}"] = Tally()
        for row in scanned(stage, table):
            if alive(row, horizon):
                tally.add(common(table, row, opened))
            else:
                passed += 1
    for bucket in BUCKETS:
        tallies[f"objects/{bucket}"] = _objects(stage, bucket)
    for queue in QUEUES:
        tally = Tally()
        for letter in peeked(stage, queue):
            tally.add(letter.body)
        if tally.count:
            tallies[f"letters/{queue}"] = tally
    return Sum(tallies, passed)


def of_archive(path: Path, origin: Stage, horizon: int) -> tuple[Manifest, Sum]:
    """The same of an archive. Args: origin: the stage whose key in KMS opens what is sealed. Raises: BadArchive."""
    manifest, opened, passed = verified(path), rows.opener(origin).opened, 0
    tallies = {f"tables/{table}": Tally() for table in manifest.tables}
    tallies |= {f"objects/{bucket}": Tally() for bucket in manifest.buckets}
    for member in members(path):
        kind, name, rest = member.name.split("/", 2)
        tally = tallies.setdefault(f"{kind}/{name}", Tally())
        if kind == "tables":
            for text in lines(member):
                row = rows.parsed(text)
                if alive(row, horizon):
                    tally.add(common(name, row, opened))
                else:
                    passed += 1
        elif kind == "objects":
            tally.add(object_line(rest, member.size, member.digest()))
        else:
            tally.add(member.content.read())
    return manifest, Sum(tallies, passed)


def differences(expected: Sum, found: Sum) -> list[str]:
    """Where two sums differ, in a line each."""
    told = []
    for name in sorted(expected.tallies.keys() | found.tallies.keys()):
        want, have = expected.tallies.get(name, Tally()), found.tallies.get(name, Tally())
        if want.count != have.count:
            told.append(f"{name}: {have.count:,} instead of {want.count:,}")
        elif want.digest != have.digest:
            told.append(f"{name}: as many, {want.count:,}, and not the same")
    return told


def _objects(stage: Stage, bucket: str) -> Tally:
    tally, name = Tally(), stage.bucket(bucket)
    for key, size in listed(stage, name):
        hashed = hashlib.sha256()
        for piece in stage.client("s3").get_object(Bucket=name, Key=key)["Body"].iter_chunks(1 << 20):
            hashed.update(piece)
        tally.add(object_line(key, size, hashed.hexdigest()))
    return tally
