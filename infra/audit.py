"""The audit log checked whole: `python -m infra.audit verify | export FILE | anchor FILE`.

It reads the rows of the stage (ENTREPOT_STAGE, and AWS's own settings; `--local` for this machine's stand-in), or with
`--file` an export made before. `--anchor` compares with heads written down earlier: only so is a chain found missing
that was taken away whole, or put back to an older state. The key of the seals comes from the stage's secret, or from
ENTREPOT_AUDIT_KEY where that stage is gone.
"""

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from entrepot.kernel.chain import Fault, Head, Link, verified

Item = dict[str, str]
_LOCAL_PORT: Final = 8000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.audit", description=__doc__)
    parser.add_argument("command", choices=["verify", "export", "anchor"])
    parser.add_argument("target", nargs="?", type=Path, help="where export and anchor write")
    parser.add_argument("--file", type=Path, help="an export, instead of the stage's table")
    parser.add_argument("--anchor", type=Path, help="an anchor written earlier")
    parser.add_argument("--local", action="store_true", help="the stand-in on this machine")
    wanted = parser.parse_args(arguments)
    if wanted.local:
        _point_to_this_machine()
    items = _read(wanted.file) if wanted.file else list(stored())
    if wanted.command == "verify":
        return _verify(items, _anchors(wanted.anchor))
    if wanted.target is None:
        parser.error(f"{wanted.command} needs a file to write")
    kept = [item for item in items if wanted.command == "export" or item["sk"] == "head"]
    wanted.target.write_text(
        "".join(f"{json.dumps(item, sort_keys=True)}\n" for item in kept), encoding="utf-8"
    )
    print(f"{len(kept)} rows written to {wanted.target}")
    return 0


def stored() -> Iterator[Item]:
    """Every row of the stage's audit table, its numbers as text. A person's command may scan; a function never does."""
    from entrepot.cloud import aws

    for page in aws.client("dynamodb").get_paginator("scan").paginate(TableName=aws.name("audit")):
        for raw in page["Items"]:
            yield {name: next(iter(value.values())) for name, value in raw.items()}


def faults(key: bytes, items: Iterable[Item], anchors: Iterable[Head] = ()) -> tuple[int, list[Fault]]:
    """How many entries there are, and every fault of every chain."""
    links: dict[str, list[Link]] = defaultdict(list)
    heads: dict[str, Head] = {}
    known = {anchor.stream: anchor for anchor in anchors}
    for item in items:
        stream = item["pk"].removeprefix("chain#")
        if item["sk"] == "head":
            heads[stream] = _head(item)
        else:
            links[stream].append(_link(stream, item))
    found = [
        fault
        for stream in sorted({*links, *heads, *known})
        for fault in verified(key, links[stream], heads.get(stream), known.get(stream))
    ]
    return sum(len(chain) for chain in links.values()), found


def _verify(items: list[Item], anchors: list[Head]) -> int:
    count, found = faults(_key(), items, anchors)
    for fault in found:
        print(f"{fault.kind:<10} {fault.stream} at {fault.sequence}")
    chains = len({item["pk"] for item in items})
    print(f"{count} entries in {chains} chains: {f'{len(found)} faults' if found else 'whole'}")
    return 1 if found else 0


def _key() -> bytes:
    given = os.environ.get("ENTREPOT_AUDIT_KEY")
    if given:
        return given.encode()
    from entrepot.cloud import audit

    return audit.key()


def _head(item: Item) -> Head:
    return Head(item["pk"].removeprefix("chain#"), int(item["sequence"]), item["last"], item["seal"])


def _link(stream: str, item: Item) -> Link:
    return Link(stream, int(item["sk"]), int(item["sequence"]), item["previous"], item["body"], item["seal"])


def _anchors(path: Path | None) -> list[Head]:
    return [_head(item) for item in _read(path)] if path else []


def _read(path: Path) -> list[Item]:
    lines = path.read_text(encoding="utf-8").splitlines()
    read: list[Any] = [json.loads(line) for line in lines]
    return read


def _point_to_this_machine() -> None:
    port = int(os.environ.get("ENTREPOT_PORT", _LOCAL_PORT)) + 1
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
