"""What was brought to a stage, by whom and how it ended, and to which of it one can go back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from infra.delivery import Refused

NONE: Final = "none"
"""The release of a stack that was not made by `make deploy`."""


class Kind(StrEnum):
    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class Outcome(StrEnum):
    BEGUN = "begun"  # or whoever began it has gone away
    DEPLOYED = "deployed"
    UNSOUND = "unsound"  # it is there, and does not answer as it should
    TURNED_BACK = "turned back"


@dataclass(frozen=True, slots=True)
class Record:
    """One deployment. `settings`: the template's parameters. `by`: the caller's ARN. `reason`: what went wrong."""

    at: datetime  # UTC
    kind: Kind
    release: str
    build: str
    epoch: int
    commit: str
    tested: bool
    by: str
    template_key: str
    archives: tuple[str, ...]
    settings: Mapping[str, str]
    outcome: Outcome = Outcome.BEGUN
    reason: str = ""

    @property
    def key(self) -> str:
        """Of its object; names sort by time."""
        return f"deployments/{self.at:%Y%m%dT%H%M%S.%fZ}-{self.release}.json"

    def ended(self, outcome: Outcome, reason: str = "") -> "Record":
        return replace(self, outcome=outcome, reason=reason)

    def written(self) -> str:
        return json.dumps(asdict(self) | {"at": self.at.isoformat()}, indent=1, sort_keys=True)


def read(text: str) -> Record:
    raw: dict[str, Any] = json.loads(text)
    raw |= {
        "at": datetime.fromisoformat(raw["at"]),
        "kind": Kind(raw["kind"]),
        "outcome": Outcome(raw["outcome"]),
        "archives": tuple(raw["archives"]),
    }
    return Record(**raw)


def standing(records: Iterable[Record], current: str) -> list[Record]:
    """The deployments that one stands on, oldest first, the current release last.

    A deployment lies on top of those before it, and a rollback takes away what lay above its target: so that a second
    rollback goes further back, and not to what was just left. One whose end nobody wrote down counts if the stack says
    that it is there.
    """
    pile: list[Record] = []
    for record in sorted(records, key=lambda one: one.at):
        there = record.outcome in (Outcome.DEPLOYED, Outcome.UNSOUND)
        if not there and not (record.outcome is Outcome.BEGUN and record.release == current):
            continue
        if record.kind is Kind.ROLLBACK:
            below = [place for place, one in enumerate(pile) if one.release == record.release]
            pile = (
                [*pile[: below[-1]], replace(pile[below[-1]], outcome=record.outcome)]
                if below
                else [*pile, record]
            )
        elif pile and pile[-1].release == record.release:
            pile[-1] = record
        else:
            pile.append(record)
    while pile and pile[-1].release != current:
        pile.pop()
    return pile


def target(records: Sequence[Record], current: str, wanted: str | None) -> Record:
    """The record to go back to: the one before the current, or the newest whose release or commit begins so.

    Raises: Refused: there is none, or its code cannot read what the current one writes.
    """
    pile = standing(records, current)
    if not pile:
        raise Refused(
            f"The stage has the release {current}, of which there is no record: name another with TO=."
        )
    found = _named(records, wanted) if wanted else _before(pile)
    if found.release == current:
        raise Refused(f"The stage already has the release {current}.")
    require_readable(found.epoch, highest(records), f"The release {found.release}")
    return found


def highest(records: Iterable[Record]) -> int:
    """The newest epoch of data the stage may hold: whatever was begun may have written some. 0: no records."""
    return max((one.epoch for one in records), default=0)


def _before(pile: Sequence[Record]) -> Record:
    sound = [one for one in pile[:-1] if one.outcome is not Outcome.UNSOUND]
    if not sound:
        raise Refused("There is no deployment before the current one to go back to.")
    return sound[-1]


def _named(records: Sequence[Record], wanted: str) -> Record:
    there = [one for one in records if one.outcome in (Outcome.DEPLOYED, Outcome.UNSOUND)]
    found = [one for one in there if one.release.startswith(wanted) or one.commit.startswith(wanted)]
    if not found:
        raise Refused(f"No deployment of this stage has a release or commit that begins with {wanted}.")
    if len({one.release for one in found}) > 1:
        raise Refused(f"{wanted} begins several: {', '.join(sorted({one.release for one in found}))}.")
    return max(found, key=lambda one: one.at)


def require_readable(epoch: int, written: int, what: str) -> None:
    """Raises: Refused: data of the epoch `written` is there, and code of `epoch` cannot read it."""
    if epoch < written:
        raise Refused(
            f"{what} is of data epoch {epoch}, and the stage holds data of epoch {written}, which its code "
            "cannot read. Mend forward: deploy a new release (docs/runbooks/roll-back.md)."
        )


def listed(records: Sequence[Record], current: str) -> list[str]:
    """Newest first, as lines; what the stage has is marked."""
    if not records:
        return ["  no deployment is recorded"]
    lines = [
        f"  {'when (UTC)':<20} {'release':<12}  {'commit':<10} {'epoch':>5}  {'what':<9} {'ended':<12} by"
    ]
    standing_now = {one.key for one in standing(records, current)[-1:]}
    for one in sorted(records, key=lambda record: record.at, reverse=True):
        mark = "*" if one.key in standing_now else " "
        lines.append(
            f"{mark} {one.at:%Y-%m-%d %H:%M:%S}  {one.release:<12}  {one.commit[:10]:<10} {one.epoch:>5}  "
            f"{one.kind:<9} {one.outcome:<12} {one.by.rpartition('/')[2]}{'' if one.tested else ', untested'}"
        )
        if one.reason:
            lines.append(f"    {one.reason}")
    return lines
