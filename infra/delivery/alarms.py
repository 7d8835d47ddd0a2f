"""The alarms that turn a deployment back: which of them a stage has, and whether one rings already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.delivery import Refused

DEFAULT: Final = ("release",)
MOST: Final = 5
"""Triggers that CloudFormation takes for one stack."""
LONGEST_MINUTES: Final = 180
_KINDS: Final = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


@dataclass(frozen=True, slots=True)
class Watch:
    """`triggers`: ARN → type. `absent`: wanted, and not yet on the stage. `minutes`: after the last resource."""

    triggers: Mapping[str, str]
    absent: tuple[str, ...]
    minutes: int

    @property
    def configuration(self) -> dict[str, Any]:
        """As CloudFormation takes it. An empty list takes away what the last deployment had left."""
        return {
            "RollbackTriggers": [{"Arn": arn, "Type": kind} for arn, kind in self.triggers.items()],
            "MonitoringTimeInMinutes": self.minutes,
        }


def of_template(template: Mapping[str, Any], stage: str) -> dict[str, str]:
    """The alarms of a template: full name on the stage → type."""
    return {
        resource["Properties"]["AlarmName"]["Fn::Sub"].replace("${Stage}", stage): resource["Type"]
        for resource in template["Resources"].values()
        if resource["Type"] in _KINDS
    }


def watched(
    client: Any,
    template: Mapping[str, Any],
    stage: str,
    wanted: Sequence[str],
    minutes: int,
    *,
    even_ringing: bool,
) -> Watch:
    """What watches an update of `stage` to `template`.

    Args: wanted: names after `entrepot-<stage>-`. even_ringing: leave out what rings already, instead of refusing.
    Raises: Refused: a name that the template does not have, too many, or one that rings already.
    """
    known = of_template(template, stage)
    names = [f"entrepot-{stage}-{name}" for name in dict.fromkeys(wanted)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Refused(f"The template has no alarm {', '.join(unknown)}: it could turn nothing back.")
    if len(names) > MOST:
        raise Refused(f"CloudFormation takes {MOST} alarms for a deployment, not {len(names)}.")
    if not 0 <= minutes <= LONGEST_MINUTES:
        raise Refused(f"CloudFormation watches for 0 to {LONGEST_MINUTES} minutes, not {minutes}.")
    there = _there(client, names) if names else {}
    ringing = [name for name, (_, state) in there.items() if state == "ALARM"]
    if ringing and not even_ringing:
        raise Refused(
            f"{', '.join(ringing)} rings already, and would turn the deployment back at once. "
            "Find out why; to deploy what mends it, add DESPITE_ALARMS=1."
        )
    return Watch(
        triggers={arn: known[name] for name, (arn, state) in there.items() if state != "ALARM"},
        absent=tuple(name for name in names if name not in there),
        minutes=minutes,
    )


def _there(client: Any, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    told = client.describe_alarms(AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = [*told.get("MetricAlarms", []), *told.get("CompositeAlarms", [])]
    return {one["AlarmName"]: (one["AlarmArn"], one["StateValue"]) for one in found}
