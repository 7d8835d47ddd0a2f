"""What is to be brought to a stage, and by which rules: the part of a deployment that asks nobody."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infra.delivery import Refused, alarms
from infra.delivery.records import Kind

TRIAL: Final = frozenset({"local", "test", "dev"})
"""Stages that may price with unverified rates, and may have the template's example addresses."""
OURS: Final = ("Stage", "Release")
"""Parameters that a deployment sets by itself."""
_NEEDED: Final = ("PublicUrl", "MailDomain")
_STAGE: Final = re.compile(r"^[a-z][a-z0-9]{1,11}$")


def _no(_question: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person at the keyboard wants.

    `settings`: parameters of the template. `allowed`: logical ids of resources that may be lost. `alarms`: names after
    `entrepot-<stage>-`. `minutes`: how long the alarms are watched afterwards. `address`: the API's, from the stack's
    outputs. `agreed`: asks, and is told yes or no.
    """

    stage: str
    settings: Mapping[str, str] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()
    alarms: tuple[str, ...] = alarms.DEFAULT
    minutes: int = 10
    despite_alarms: bool = False
    one_way: bool = False
    role: str | None = None
    dry: bool = False
    colour: bool = False
    agreed: Callable[[str], bool] = _no
    address: Callable[[Mapping[str, str]], str] = lambda outputs: outputs["EndpointURL"]

    def __post_init__(self) -> None:
        if not _STAGE.match(self.stage):
            raise Refused(f"{self.stage!r} is no stage: two to twelve small letters or digits.")


@dataclass(frozen=True, slots=True)
class Plan:
    """An edition on its way: a new one, or one that was there before. `settings`: what the record will hold."""

    kind: Kind
    release: str
    build: str
    epoch: int
    commit: str
    tested: bool
    template_key: str
    archives: tuple[str, ...]
    template: Mapping[str, Any]
    parameters: Sequence[Mapping[str, Any]]
    settings: Mapping[str, str]

    @property
    def description(self) -> str:
        said = "deploy" if self.kind is Kind.DEPLOY else "go back to"
        return f"{said} release {self.release}, commit {self.commit}"


def require_known(template: Mapping[str, Any], settings: Mapping[str, str]) -> None:
    """Raises: Refused: a setting that the template does not have, or that a deployment sets by itself."""
    for name in settings:
        if name in OURS:
            raise Refused(f"{name} is set by the deployment itself.")
        if name not in template["Parameters"]:
            raise Refused(
                f"The template has no parameter {name}; it has {', '.join(sorted(template['Parameters']))}."
            )


def require_addresses(stage: str, settings: Mapping[str, str]) -> None:
    """Raises: Refused: a stage for real would be made with the template's example addresses."""
    missing = [name for name in _NEEDED if name not in settings]
    if stage not in TRIAL and missing:
        raise Refused(
            f'A new stage needs {" and ".join(missing)}: SET="{" ".join(f"{name}=…" for name in missing)}".'
        )


def settled(
    template: Mapping[str, Any], own: Mapping[str, str], wanted: Mapping[str, str], present: Mapping[str, str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The template's parameters: our own, then what is wanted, then what the stack has, then the template's default.

    Returns: as CloudFormation takes them; and as they will be, without our own.
    """
    given: list[dict[str, Any]] = []
    will_be: dict[str, str] = {}
    for name, described in template["Parameters"].items():
        if name in own:
            given.append({"ParameterKey": name, "ParameterValue": own[name]})
            continue
        if name in wanted:
            given.append({"ParameterKey": name, "ParameterValue": wanted[name]})
        elif name in present:
            given.append({"ParameterKey": name, "UsePreviousValue": True})
        will_be[name] = wanted.get(name, present.get(name, str(described.get("Default", ""))))
    return given, will_be


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What becomes of the settings, as lines."""
    return [
        f"  {name}: {before[name] or '(empty)'} → {value or '(empty)'}"
        for name, value in sorted(after.items())
        if name in before and before[name] != value
    ]
