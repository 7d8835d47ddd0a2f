"""What a change set would do, as a table to read, and what of it is refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

KEEPS: Final[Mapping[str, str]] = {
    "AWS::DynamoDB::Table": "its items",
    "AWS::S3::Bucket": "its objects",
    "AWS::KMS::Key": "what only it can open, or has signed",
    "AWS::SQS::Queue": "messages on their way",
    "AWS::SNS::Topic": "who has subscribed by hand",
    "AWS::SecretsManager::Secret": "its value, put by hand",
    "AWS::Logs::LogGroup": "its lines",
    "AWS::ApiGateway::RestApi": "the address under which the stage is known",
    "AWS::SES::EmailIdentity": "its records in DNS",
}
"""Types of resources that hold what a template cannot make again, and what is lost with them."""


class Effect(Enum):
    ADDED = "added"
    CHANGED = "changed"
    MAYBE_REPLACED = "MAY BE REPLACED"
    REPLACED = "REPLACED"
    REMOVED = "REMOVED"


LOSES: Final = frozenset({Effect.MAYBE_REPLACED, Effect.REPLACED, Effect.REMOVED})


@dataclass(frozen=True, slots=True)
class Change:
    """`because`: the properties that differ, those first that force a replacement. `kept`: the old one stays behind."""

    logical_id: str
    kind: str
    effect: Effect
    because: tuple[str, ...] = ()
    kept: bool = False

    @property
    def loses(self) -> str:
        """What is lost if the resource goes, "" where nothing is."""
        return KEEPS.get(self.kind, "") if self.effect in LOSES else ""


def read(described: Iterable[Mapping[str, Any]]) -> list[Change]:
    """The changes of a change set as CloudFormation describes them, what may lose something first."""
    found = [_change(entry["ResourceChange"]) for entry in described if "ResourceChange" in entry]
    order = list(Effect)
    return sorted(
        found,
        key=lambda change: (not change.loses, -order.index(change.effect), change.kind, change.logical_id),
    )


def _change(told: Mapping[str, Any]) -> Change:
    details = [
        (target.get("RequiresRecreation", "Never"), target.get("Name") or target.get("Attribute", ""))
        for detail in told.get("Details", [])
        for target in [detail.get("Target", {})]
    ]
    forcing = [name for recreation, name in details if recreation != "Never"]
    others = [name for recreation, name in details if recreation == "Never"]
    return Change(
        logical_id=told["LogicalResourceId"],
        kind=told["ResourceType"],
        effect=_effect(told),
        because=tuple(dict.fromkeys([*forcing, *others])),
        kept="Retain" in told.get("PolicyAction", ""),
    )


def _effect(told: Mapping[str, Any]) -> Effect:
    """What is not known to leave a resource alone counts as what may replace it."""
    action = told["Action"]
    if action in ("Add", "Import"):
        return Effect.ADDED
    if action == "Remove":
        return Effect.REMOVED
    if action == "Modify" and told.get("Replacement", "False") == "False":
        return Effect.CHANGED
    return Effect.REPLACED if told.get("Replacement") == "True" else Effect.MAYBE_REPLACED


def refused(found: Sequence[Change], allowed: Iterable[str]) -> list[Change]:
    """The changes that lose something and were not named."""
    named = set(allowed)
    return [change for change in found if change.loses and change.logical_id not in named]


def unneeded(found: Sequence[Change], allowed: Iterable[str]) -> list[str]:
    """What was allowed and loses nothing: a name with a slip in it, or a flag left from another day."""
    return sorted(set(allowed) - {change.logical_id for change in found if change.loses})


def table(found: Sequence[Change], *, colour: bool = False) -> list[str]:
    """A line for each change; functions and alarms that merely change are counted, so that the rest can be seen."""
    if not found:
        return ["  no resource changes"]
    told, counted = _split(found)
    lines = []
    if told:
        wide = max(len(change.logical_id) for change in told)
        kinds = max(len(change.kind) for change in told)
        lines = [_line(change, wide, kinds, colour) for change in told]
    for (kind, effect), count in sorted(counted.items(), key=lambda entry: (entry[0][0], entry[0][1].value)):
        lines.append(f"  {effect.value:<15} {count} × {kind}")
    return lines


def _split(found: Sequence[Change]) -> tuple[list[Change], dict[tuple[str, Effect], int]]:
    together: dict[tuple[str, Effect], list[Change]] = {}
    for change in found:
        together.setdefault((change.kind, change.effect), []).append(change)
    counted = {
        key: len(some)
        for key, some in together.items()
        if len(some) > _FEW and not any(change.loses for change in some)
    }
    return [change for change in found if (change.kind, change.effect) not in counted], counted


_FEW: Final = 3


def _line(change: Change, wide: int, kinds: int, colour: bool) -> str:
    said = f"{change.effect.value:<15} {change.logical_id:<{wide}}  {change.kind:<{kinds}}"
    if change.loses:
        said = (
            red(said, colour)
            + f"  loses {change.loses}"
            + (" (the old one stays behind)" if change.kept else "")
        )
    why = ", ".join(change.because[:4])
    return f"  {said}  {why}".rstrip()


def red(text: str, colour: bool) -> str:
    return f"\033[1;31m{text}\033[0m" if colour else text
