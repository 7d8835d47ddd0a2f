"""CloudFormation: a stage's stack, its change sets and its events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from infra.delivery import Failed, Refused

CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
GONE_WELL: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_NOTHING: Final = ("didn't contain changes", "No updates are to be performed")
_UPDATABLE: Final = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "UPDATE_FAILED"}
)

Pause = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is now."""

    name: str
    stack_id: str
    status: str
    reason: str
    settings: Mapping[str, str]
    outputs: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def moving(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Event:
    event_id: str
    logical_id: str
    kind: str
    status: str
    reason: str

    @property
    def of_stack(self) -> bool:
        return self.kind == "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Request:
    """What a change set is made from. `parameters` and `watch` as CloudFormation takes them."""

    name: str
    kind: str
    template_url: str
    parameters: Sequence[Mapping[str, Any]]
    watch: Mapping[str, Any]
    description: str
    role: str | None = None


def name_of(stage: str) -> str:
    return f"entrepot-{stage}"


def find(client: Any, name: str) -> Stack | None:
    """The stack of that name or id, None where there is none."""
    try:
        told = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if told["StackStatus"] == "DELETE_COMPLETE":
        return None
    return Stack(
        name=told["StackName"],
        stack_id=told["StackId"],
        status=told["StackStatus"],
        reason=told.get("StackStatusReason", ""),
        settings={one["ParameterKey"]: one["ParameterValue"] for one in told.get("Parameters", [])},
        outputs={one["OutputKey"]: one["OutputValue"] for one in told.get("Outputs", [])},
        tags={one["Key"]: one["Value"] for one in told.get("Tags", [])},
    )


def require(client: Any, name: str) -> Stack:
    found = find(client, name)
    if found is None:
        raise Refused(f"There is no stack {name}.")
    return found


def kind_of_change(stack: Stack | None) -> str:
    """CREATE or UPDATE. Raises: Refused: the stack can take neither now; the message says what can be done."""
    if stack is None or stack.status == "REVIEW_IN_PROGRESS":
        return "CREATE"
    if stack.status in _UPDATABLE:
        return "UPDATE"
    said = f"The stack {stack.name} is {stack.status}"
    stage = stack.name.removeprefix("entrepot-")
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        raise Refused(f"{said}: make rollback STAGE={stage} tries again to bring it back.")
    if stack.moving:
        raise Refused(f"{said}: wait for it, or make rollback STAGE={stage} to cancel an update.")
    raise Refused(
        f"{said}, and holds nothing that works: aws cloudformation delete-stack --stack-name {stack.name}, "
        "then deploy again (docs/runbooks/deploy.md says what may be left over)."
    )


def propose(client: Any, stack: str, request: Request, pause: Pause) -> list[dict[str, Any]] | None:
    """Make a change set and wait for it. Returns: its changes; None where nothing would change.

    Raises: Refused: CloudFormation does not take it.
    """
    asked: dict[str, Any] = {
        "StackName": stack,
        "ChangeSetName": request.name,
        "ChangeSetType": request.kind,
        "TemplateURL": request.template_url,
        "Parameters": list(request.parameters),
        "Capabilities": list(CAPABILITIES),
        "RollbackConfiguration": dict(request.watch),
        "Description": request.description,
    }
    if request.role:
        asked["RoleARN"] = request.role
    try:
        client.create_change_set(**asked)
    except ClientError as error:
        raise Refused(f"CloudFormation does not take it: {error.response['Error']['Message']}") from None
    told = client.describe_change_set(StackName=stack, ChangeSetName=request.name)
    while told["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
        pause()
        told = client.describe_change_set(StackName=stack, ChangeSetName=request.name)
    if told["Status"] != "CREATE_COMPLETE":
        reason = told.get("StatusReason", "")
        withdraw(client, stack, request.name)
        if any(nothing in reason for nothing in _NOTHING):
            return None
        raise Refused(f"CloudFormation makes no change set of it: {reason or told['Status']}")
    found = list(told.get("Changes", []))
    while told.get("NextToken"):
        told = client.describe_change_set(
            StackName=stack, ChangeSetName=request.name, NextToken=told["NextToken"]
        )
        found += told.get("Changes", [])
    return found


def withdraw(client: Any, stack: str, change_set: str) -> None:
    client.delete_change_set(StackName=stack, ChangeSetName=change_set)


def execute(client: Any, stack: str, change_set: str) -> None:
    """Begin. Whatever fails is rolled back, which is said because the API's reference names the other default; and
    what was made is taken away again, tables among it, which would stand in the way of the next try. The token makes a
    second call, after a lost answer, the same one."""
    client.execute_change_set(
        StackName=stack,
        ChangeSetName=change_set,
        ClientRequestToken=change_set,
        DisableRollback=False,
        RetainExceptOnCreate=True,
    )


def events_after(client: Any, stack_id: str, last: str) -> list[Event]:
    """The events that came after the one with the id `last`, oldest first; all of them if `last` is "" or unknown."""
    found: list[Event] = []
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for told in page["StackEvents"]:
            if told["EventId"] == last:
                return found[::-1]
            found.append(
                Event(
                    event_id=told["EventId"],
                    logical_id=told.get("LogicalResourceId", ""),
                    kind=told.get("ResourceType", ""),
                    status=told.get("ResourceStatus", ""),
                    reason=told.get("ResourceStatusReason", ""),
                )
            )
    return found[::-1]


def last_event(client: Any, stack_id: str) -> str:
    """The id of the newest event, "" where there is none."""
    told = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    return str(told[0]["EventId"]) if told else ""


def cancel(client: Any, stack: str) -> None:
    """Raises: Failed: the update was over before it could be cancelled."""
    try:
        client.cancel_update_stack(StackName=stack)
    except ClientError as error:
        raise Failed(f"The update could not be cancelled: {error.response['Error']['Message']}") from None
