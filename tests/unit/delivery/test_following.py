"""An update is followed to its end: turned back by an alarm, cancelled when the stage does not answer, or untangled.

What no stand-in does is answered here as CloudFormation answers it, by botocore's own stubs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from infra.delivery import Failed, Refused, service, stacks
from infra.delivery.alarms import Watch
from infra.delivery.plan import Wish
from infra.delivery.progress import Progress
from infra.delivery.records import Kind, Outcome, Record
from infra.delivery.service import Delivery, _Run
from infra.delivery.stacks import Request
from tests.support.answering import Answering

NAME = "entrepot-prod"
STACK_ID = "arn:aws:cloudformation:eu-central-1:1:stack/entrepot-prod/1"
AT = datetime(2026, 11, 26, tzinfo=UTC)
ALARM = "Rollback triggered by alarm arn:aws:cloudwatch:eu-central-1:1:alarm:entrepot-prod-release"


@dataclass
class Shelf:
    """Keeps what is written."""

    written: list[Record] = field(default_factory=list)

    def write(self, record: Record) -> None:
        self.written.append(record)


@dataclass
class CloudFormation:
    """A client that answers as it was told, in order, and refuses what was not foreseen."""

    client: Any
    stub: Stubber
    region: str = "eu-central-1"

    def service(self, name: str) -> Any:
        assert name == "cloudformation"
        return self.client

    def is_now(self, status: str, release: str = "old", by: str = STACK_ID, reason: str = "") -> None:
        told = {
            "StackName": NAME,
            "StackId": STACK_ID,
            "StackStatus": status,
            "StackStatusReason": reason,
            "CreationTime": AT,
            "Outputs": [{"OutputKey": "Release", "OutputValue": release}],
        }
        self.stub.add_response("describe_stacks", {"Stacks": [told]}, {"StackName": by})

    def tells(self, *events: tuple[str, str, str], last: str = "e0") -> None:
        """Events, newest last: logical id, status and reason; "" for the stack itself."""
        made = [
            {
                "StackId": STACK_ID, "EventId": f"{name}-{status}", "StackName": NAME, "Timestamp": AT,
                "LogicalResourceId": name or NAME, "ResourceStatus": status, "ResourceStatusReason": reason,
                "ResourceType": "AWS::Lambda::Function" if name else "AWS::CloudFormation::Stack",
            }
            for name, status, reason in events
        ]  # fmt: skip
        before = {"StackId": STACK_ID, "EventId": last, "StackName": NAME, "Timestamp": AT}
        self.stub.add_response(
            "describe_stack_events", {"StackEvents": [*made[::-1], before]}, {"StackName": STACK_ID}
        )


@pytest.fixture
def cloud() -> Iterator[CloudFormation]:
    client = botocore.session.get_session().create_client("cloudformation", region_name="eu-central-1")
    with Stubber(client) as stub:
        yield CloudFormation(client, stub)
        stub.assert_no_pending_responses()


@pytest.fixture
def answering() -> Iterator[Answering]:
    with Answering.serving() as serving:
        serving.build = "new-build"
        yield serving


@dataclass
class Aws:
    cloud: CloudFormation
    region: str = "eu-central-1"

    def client(self, service: str) -> Any:
        return self.cloud.service(service)


def delivery(cloud: CloudFormation, address: str = "http://127.0.0.1:9", **wish: Any) -> Delivery:
    wanted = Wish("prod", address=lambda _: address, **wish)
    return Delivery(Aws(cloud), wanted, lambda _: None, lambda: None)


def run(cloud: CloudFormation, one: Delivery, expected: set[str]) -> _Run:
    stack = stacks.Stack(NAME, STACK_ID, "UPDATE_IN_PROGRESS", "", {}, {}, {})
    return _Run(one, cloud.client, stack, "UPDATE", Progress(frozenset(expected)), "e0")


ROLE = "arn:aws:iam::1:role/entrepot-prod-cloudformation"
RECORD = Record(
    at=AT, kind=Kind.DEPLOY, release="new", build="new-build", epoch=1, commit="c", tested=True, by="ana",
    template_key="t", archives=("a",), settings={},
)  # fmt: skip
WATCH = Watch(
    {"arn:aws:cloudwatch:eu-central-1:1:alarm:entrepot-prod-release": "AWS::CloudWatch::CompositeAlarm"},
    (),
    10,
)


def test_an_alarm_that_turned_it_back_is_told_and_written_down(cloud, answering):
    one, shelf = delivery(cloud, answering.address), Shelf()
    cloud.is_now("UPDATE_IN_PROGRESS")
    cloud.tells(("Api", "UPDATE_COMPLETE", ""))
    cloud.is_now("UPDATE_ROLLBACK_IN_PROGRESS")
    cloud.tells(("", "UPDATE_ROLLBACK_IN_PROGRESS", ALARM), last="Api-UPDATE_COMPLETE")
    cloud.is_now("UPDATE_ROLLBACK_COMPLETE", release="old")
    cloud.tells(("Api", "UPDATE_COMPLETE", ""), last="-UPDATE_ROLLBACK_IN_PROGRESS")

    with pytest.raises(
        Failed, match=rf"{ALARM}\nThe stack {NAME} is UPDATE_ROLLBACK_COMPLETE.*release old, as before"
    ):
        one._carry_out(run(cloud, one, {"Api"}), shelf, RECORD, WATCH)  # type: ignore[arg-type]

    assert [(Outcome.TURNED_BACK, ALARM)] == [(written.outcome, written.reason) for written in shelf.written]
    assert "/health" in answering.asked  # while the alarm was watched


def test_a_stage_that_answers_as_the_old_build_has_its_update_cancelled(cloud, answering):
    answering.build = "old-build"
    one, shelf = delivery(cloud, answering.address), Shelf()
    cloud.is_now("UPDATE_IN_PROGRESS")
    cloud.tells(("Api", "UPDATE_COMPLETE", ""))
    cloud.stub.add_response("cancel_update_stack", {}, {"StackName": NAME})
    cloud.is_now("UPDATE_ROLLBACK_COMPLETE")
    cloud.tells(("", "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"), last="Api-UPDATE_COMPLETE")

    with pytest.raises(Failed, match="the update was cancelled: GET /health answers as build old-build"):
        one._carry_out(run(cloud, one, {"Api"}), shelf, RECORD, WATCH)  # type: ignore[arg-type]

    assert [Outcome.TURNED_BACK] == [written.outcome for written in shelf.written]


def test_nobody_asks_the_stage_before_all_has_changed(cloud, answering):
    one = delivery(cloud, answering.address)
    cloud.is_now("UPDATE_IN_PROGRESS")
    cloud.tells(("Api", "UPDATE_COMPLETE", ""), ("Layer", "CREATE_IN_PROGRESS", ""))
    cloud.is_now("UPDATE_COMPLETE", release="new")
    cloud.tells(("Layer", "CREATE_COMPLETE", ""), last="Layer-CREATE_IN_PROGRESS")

    ended = run(cloud, one, {"Api", "Layer"}).to_the_end("new-build")

    assert "UPDATE_COMPLETE" == ended.status
    assert [] == answering.asked


def test_what_no_event_ever_tells_of_does_not_keep_the_stage_from_being_asked(cloud, answering):
    one = delivery(cloud, answering.address)
    cloud.is_now("UPDATE_IN_PROGRESS")
    cloud.tells(("Api", "UPDATE_COMPLETE", ""))
    for _ in range(service.QUIET):
        cloud.is_now("UPDATE_IN_PROGRESS")
        cloud.tells(last="Api-UPDATE_COMPLETE")
    cloud.is_now("UPDATE_COMPLETE", release="new")
    cloud.tells(last="Api-UPDATE_COMPLETE")

    run(cloud, one, {"Api", "AsItShouldBe"}).to_the_end("new-build")

    assert 1 == answering.asked.count("/health")


def test_a_resource_that_takes_long_is_not_taken_for_the_end(cloud, answering):
    one = delivery(cloud, answering.address)
    cloud.is_now("UPDATE_IN_PROGRESS")
    cloud.tells(("Api", "UPDATE_COMPLETE", ""), ("Table", "UPDATE_IN_PROGRESS", ""))
    for _ in range(service.QUIET + 1):
        cloud.is_now("UPDATE_IN_PROGRESS")
        cloud.tells(last="Table-UPDATE_IN_PROGRESS")
    cloud.is_now("UPDATE_COMPLETE", release="new")
    cloud.tells(("Table", "UPDATE_COMPLETE", ""), last="Table-UPDATE_IN_PROGRESS")

    run(cloud, one, {"Api", "Table"}).to_the_end("new-build")

    assert [] == answering.asked


def test_an_update_that_went_well_is_asked_again_at_its_end_and_written_down(cloud, answering):
    one, shelf = delivery(cloud, answering.address), Shelf()
    cloud.is_now("UPDATE_IN_PROGRESS")
    cloud.tells(("Api", "UPDATE_COMPLETE", ""))
    cloud.is_now("UPDATE_COMPLETE", release="new")
    cloud.tells(last="Api-UPDATE_COMPLETE")

    assert "new" == one._carry_out(run(cloud, one, {"Api"}), shelf, RECORD, WATCH)  # type: ignore[arg-type]

    assert [Outcome.DEPLOYED] == [written.outcome for written in shelf.written]
    assert 2 == answering.asked.count("/health")


def test_an_update_that_somebody_else_overtook_is_no_success(cloud):
    one, shelf = delivery(cloud), Shelf()
    cloud.is_now("UPDATE_COMPLETE", release="another")
    cloud.tells()

    with pytest.raises(Failed):
        one._carry_out(run(cloud, one, {"Api"}), shelf, RECORD, WATCH)  # type: ignore[arg-type]


def test_an_update_in_progress_is_cancelled_when_that_is_agreed(cloud):
    cloud.is_now("UPDATE_IN_PROGRESS", by=NAME)
    cloud.tells()
    cloud.stub.add_response("cancel_update_stack", {}, {"StackName": NAME})
    cloud.is_now("UPDATE_ROLLBACK_COMPLETE")
    cloud.tells(("", "UPDATE_ROLLBACK_COMPLETE", ""))

    assert "old" == delivery(cloud, agreed=lambda _: True).rollback()


def test_an_update_in_progress_goes_on_when_it_is_not(cloud):
    cloud.is_now("UPDATE_IN_PROGRESS", by=NAME)
    cloud.tells()

    with pytest.raises(Refused, match="the update goes on"):
        delivery(cloud).rollback()


def test_a_cancel_that_came_too_late_is_told(cloud):
    cloud.is_now("UPDATE_IN_PROGRESS", by=NAME)
    cloud.tells()
    cloud.stub.add_client_error(
        "cancel_update_stack", "ValidationError", "cannot be called from current stack status"
    )

    with pytest.raises(Failed, match="could not be cancelled: cannot be called"):
        delivery(cloud, agreed=lambda _: True).rollback()


@pytest.mark.parametrize("skipped", [[], ["Api"]])
def test_a_rollback_that_failed_is_continued_without_what_is_named(cloud, skipped):
    cloud.is_now("UPDATE_ROLLBACK_FAILED", by=NAME)
    cloud.tells()
    asked = {"StackName": NAME, "ResourcesToSkip": skipped}
    cloud.stub.add_response("continue_update_rollback", {}, asked)
    cloud.is_now("UPDATE_ROLLBACK_COMPLETE")
    cloud.tells(("", "UPDATE_ROLLBACK_COMPLETE", ""))

    assert "old" == delivery(cloud, agreed=lambda _: True, allowed=frozenset(skipped)).rollback()


def test_a_rollback_that_fails_again_names_the_resource_and_the_way_on(cloud):
    cloud.is_now("UPDATE_ROLLBACK_FAILED", by=NAME)
    cloud.tells()
    cloud.stub.add_response("continue_update_rollback", {})
    cloud.is_now("UPDATE_ROLLBACK_FAILED")
    cloud.tells(("Api", "UPDATE_FAILED", "no such role"))

    with pytest.raises(
        Failed, match=r"Api \(AWS::Lambda::Function\): no such role(?s:.*)make rollback STAGE=prod tries"
    ):
        delivery(cloud, agreed=lambda _: True).rollback()


def test_a_stack_that_is_being_made_has_nothing_to_go_back_to(cloud):
    cloud.is_now("CREATE_IN_PROGRESS", by=NAME)
    cloud.tells()

    with pytest.raises(Refused, match="nothing to go back to"):
        delivery(cloud).rollback()


def request(**other: Any) -> Request:
    made = {
        "name": "deploy-new-1", "kind": "UPDATE", "template_url": "https://s3/t.json", "parameters": [],
        "watch": WATCH.configuration, "description": "d",
    } | other  # fmt: skip
    return Request(**made)


def described(
    status: str, reason: str = "", changes: list[dict[str, Any]] | None = None, more: str = ""
) -> dict[str, Any]:
    told: dict[str, Any] = {"Status": status, "StatusReason": reason, "Changes": changes or []}
    return told | ({"NextToken": more} if more else {})


def added(logical_id: str) -> dict[str, Any]:
    change = {"Action": "Add", "LogicalResourceId": logical_id, "ResourceType": "AWS::SQS::Queue"}
    return {"Type": "Resource", "ResourceChange": change}


def test_the_alarms_and_the_role_are_handed_to_cloudformation_and_every_page_is_read(cloud):
    [(arn, kind)] = WATCH.triggers.items()
    asked = {
        "StackName": NAME, "ChangeSetName": "deploy-new-1", "ChangeSetType": "UPDATE", "TemplateURL": "https://s3/t.json",
        "Parameters": [], "Capabilities": list(stacks.CAPABILITIES), "Description": "d", "RoleARN": ROLE,
        "RollbackConfiguration": {"RollbackTriggers": [{"Arn": arn, "Type": kind}], "MonitoringTimeInMinutes": 10},
    }  # fmt: skip
    this = {"StackName": NAME, "ChangeSetName": "deploy-new-1"}
    cloud.stub.add_response("create_change_set", {"Id": "arn:change-set", "StackId": STACK_ID}, asked)
    cloud.stub.add_response("describe_change_set", described("CREATE_IN_PROGRESS"), this)
    cloud.stub.add_response(
        "describe_change_set", described("CREATE_COMPLETE", changes=[added("A")], more="n"), this
    )
    cloud.stub.add_response(
        "describe_change_set", described("CREATE_COMPLETE", changes=[added("B")]), this | {"NextToken": "n"}
    )

    found = stacks.propose(cloud.client, NAME, request(role=ROLE), lambda: None)

    assert ["A", "B"] == [one["ResourceChange"]["LogicalResourceId"] for one in found or []]


@pytest.mark.parametrize(
    ("reason", "nothing"),
    [
        ("The submitted information didn't contain changes. Submit different information.", True),
        ("No updates are to be performed.", True),
        (
            "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification",
            False,
        ),
    ],
)
def test_nothing_to_change_is_told_from_what_is_not_taken(cloud, reason, nothing):
    cloud.stub.add_response("create_change_set", {})
    cloud.stub.add_response("describe_change_set", described("FAILED", reason))
    cloud.stub.add_response("delete_change_set", {}, {"StackName": NAME, "ChangeSetName": "deploy-new-1"})

    if nothing:
        assert stacks.propose(cloud.client, NAME, request(), lambda: None) is None
    else:
        with pytest.raises(Refused, match="Invalid Serverless"):
            stacks.propose(cloud.client, NAME, request(), lambda: None)


def test_what_cloudformation_does_not_take_at_all_is_told_in_its_words(cloud):
    cloud.stub.add_client_error("create_change_set", "ValidationError", "Parameters: [Nope] do not exist")

    with pytest.raises(Refused, match=r"does not take it: Parameters: \[Nope\]"):
        stacks.propose(cloud.client, NAME, request(), lambda: None)


def test_what_a_failed_change_made_is_taken_away_again(cloud):
    asked = {
        "StackName": NAME, "ChangeSetName": "c1", "ClientRequestToken": "c1",
        "DisableRollback": False, "RetainExceptOnCreate": True,
    }  # fmt: skip
    cloud.stub.add_response("execute_change_set", {}, asked)

    stacks.execute(cloud.client, NAME, "c1")

    cloud.stub.assert_no_pending_responses()
