"""The policies as they are written: which action is allowed on which resource, by which statement."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infra.estate import Function
from tests.privileges.calls import Pair

ROOT: Final = Path(__file__).resolve().parents[2]
SETTINGS: Final = ROOT / ".chalice"

_MOST_NAMED: Final = 3
_PLACE: Final = r"arn:\$\{AWS::Partition\}:%s:\$\{AWS::Region\}:\$\{AWS::AccountId\}:"
_WITHIN: Final = re.compile(r"\$\{(\w+)\.Arn\}/(.+)")
_GROUP: Final = re.compile(
    _PLACE % "logs" + r"log-group:/aws/lambda/entrepot-\$\{Stage\}-([a-z-]+):log-stream:\*"
)
_IDENTITY: Final = re.compile(_PLACE % "ses" + r"(identity/.+)")


class Unreadable(Exception):
    """A statement says what this reader does not understand, so that a comparison would say nothing."""


def path(function: Function) -> Path:
    config = json.loads((SETTINGS / "config.json").read_text(encoding="utf-8"))
    return SETTINGS / str(config["lambda_functions"][function.handler]["iam_policy_file"])


def statements(function: Function) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path(function).read_text(encoding="utf-8"))["Statement"]
    return found


def granted(written: list[dict[str, Any]]) -> dict[Pair, str]:
    """What statements allow, each with the first statement that does.

    Raises: Unreadable: a statement denies, has a condition, or names a resource in an unknown way.
    """
    found: dict[Pair, str] = {}
    for statement in written:
        if set(statement) != {"Sid", "Effect", "Action", "Resource"} or statement["Effect"] != "Allow":
            raise Unreadable(f"a statement with {sorted(statement)}")
        for resource in map(short, statement["Resource"]):
            for action in statement["Action"]:
                found.setdefault((action, resource), statement["Sid"])
    return found


def short(resource: str | Mapping[str, Any]) -> str:
    """A resource of a policy as `calls.py` writes it. Raises: Unreadable."""
    match resource:
        case "*":
            return "*"
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::GetAtt": [str(name), "StreamArn"]}:
            return f"{name}/stream"
        case {"Fn::Sub": str(text)}:
            if found := _WITHIN.fullmatch(text):
                return f"{found[1]}/{found[2]}"
            if found := _GROUP.fullmatch(text):
                return f"log-group/{found[1]}"
            if found := _IDENTITY.fullmatch(text):
                return found[1]
    raise Unreadable(f"a resource {resource!r}")


def narrowed(written: list[dict[str, Any]], needed: set[Pair]) -> list[dict[str, Any]]:
    """The statements without what is not needed; one whose resources need different actions is parted."""
    kept: list[dict[str, Any]] = []
    for statement in written:
        groups: dict[tuple[str, ...], list[Any]] = {}
        for resource in statement["Resource"]:
            actions = tuple(action for action in statement["Action"] if (action, short(resource)) in needed)
            if actions:
                groups.setdefault(actions, []).append(resource)
        for number, (actions, resources) in enumerate(groups.items(), start=1):
            sid = statement["Sid"] if len(groups) == 1 else _named(resources) or f"{statement['Sid']}{number}"
            kept.append({"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources})
    return kept


def _named(resources: list[Any]) -> str:
    """A statement's name by what it is about; empty where that is too much for a name."""
    if len(resources) > _MOST_NAMED:
        return ""
    parts = [re.sub(r"(Table|Topic|Queue)\b", "", short(resource)) for resource in resources]
    return "".join(piece[:1].upper() + piece[1:] for part in parts for piece in re.findall(r"\w+", part))


def write(function: Function, written: list[dict[str, Any]]) -> None:
    path(function).write_text(rendered(written), encoding="utf-8")


def rendered(written: list[dict[str, Any]]) -> str:
    """A policy as its file is written: a line for each resource, so that a change of one is a line."""
    blocks = []
    for statement in written:
        resources = ",\n".join(f"        {json.dumps(each)}" for each in statement["Resource"])
        blocks.append(
            "    {\n"
            f'      "Sid": {json.dumps(statement["Sid"])},\n'
            f'      "Effect": "Allow",\n'
            f'      "Action": {json.dumps(statement["Action"])},\n'
            f'      "Resource": [\n{resources}\n      ]\n'
            "    }"
        )
    return '{\n  "Version": "2012-10-17",\n  "Statement": [\n' + ",\n".join(blocks) + "\n  ]\n}\n"
