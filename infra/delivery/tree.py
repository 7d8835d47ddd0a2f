"""The working tree: what commit it is, whether it is clean, and whether its tests have passed.

`make test` begins with `python -m infra.delivery.tree begin` and ends with `… tested`, which writes down the tree that
passed by the hash that git gives its content, unless that has changed in between. A commit of that content later
counts as tested; one byte more does not.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.delivery import Refused

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an edition comes from."""

    commit: str
    tested: bool


def origin(root: Path = ROOT, *, untested: bool = False) -> Origin:
    """The commit of a clean and tested tree.

    Args: untested: take it without.
    Raises: Refused: something is not committed, or not tested.
    """
    changed = _git(root, "status", "--porcelain").splitlines()
    if changed:
        some = ", ".join(line[3:] for line in changed[:3])
        raise Refused(
            f"{len(changed)} file(s) are not committed ({some}): what is deployed has to have a name."
        )
    commit = _git(root, "rev-parse", "HEAD")
    tested = _git(root, "rev-parse", "HEAD^{tree}") in passed(root)
    if not tested and not untested:
        raise Refused(f"make test has not passed for {commit[:10]}: run it, or add UNTESTED=1.")
    return Origin(commit, tested)


def passed(root: Path) -> set[str]:
    """The trees whose tests have passed here."""
    stamp = root / ".entrepot" / "tested"
    return set(stamp.read_text(encoding="utf-8").split()) if stamp.exists() else set()


def begin(root: Path = ROOT) -> str:
    """Write down which tree is about to be tested. Returns: its hash."""
    found = content(root)
    (root / ".entrepot").mkdir(exist_ok=True)
    (root / ".entrepot" / "testing").write_text(found, encoding="utf-8")
    return found


def mark(root: Path = ROOT) -> str:
    """Write down that the tests of the tree as it lies here have passed. Returns: its hash.

    Raises: Refused: it is not the tree with which they began.
    """
    found = content(root)
    begun = root / ".entrepot" / "testing"
    if not begun.exists() or begun.read_text(encoding="utf-8") != found:
        raise Refused("the files have changed since the tests began")
    stamp = root / ".entrepot" / "tested"
    stamp.parent.mkdir(exist_ok=True)
    kept = [
        line
        for line in (stamp.read_text(encoding="utf-8").split() if stamp.exists() else [])
        if line != found
    ]
    stamp.write_text("\n".join([*kept[-99:], found]) + "\n", encoding="utf-8")
    return found


def content(root: Path) -> str:
    """The hash of the files as they lie here, committed or not, by an index of its own."""
    with tempfile.TemporaryDirectory(prefix="entrepot-index-") as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        _git(root, "read-tree", "HEAD", **index)
        _git(root, "add", "--all", **index)
        return _git(root, "write-tree", **index)


def _git(root: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode != 0:
        raise Refused(f"git {arguments[0]} says: {done.stderr.strip() or done.returncode}")
    return done.stdout.rstrip("\n")


def main(arguments: list[str]) -> int:
    if arguments not in (["begin"], ["tested"]):
        print("usage: python -m infra.delivery.tree begin | tested", file=sys.stderr)
        return 2
    try:
        if arguments == ["begin"]:
            begin()
        else:
            print(f"tested: tree {mark()[:12]}")
    except (
        Refused
    ) as refused:  # without git, such as from an archive of the sources: the tests have passed all the same
        print(f"not written down as tested: {refused}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
