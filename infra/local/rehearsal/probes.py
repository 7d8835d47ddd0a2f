"""What AWS does for a deployment, asked of the stand-in one by one. Nothing here knows the answers."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.delivery.service import Access
from infra.delivery.shelf import tls_only
from infra.local.rehearsal.ground import ALARM, SECONDS, STACK, Ground, refusal, small, until, waiting


@dataclass(frozen=True, slots=True)
class Found:
    """`as_aws`: whether the stand-in did what AWS does; `said`: what it did."""

    what: str
    as_aws: bool
    said: str


def change_set_sees_a_replacement(ground: Ground) -> Found:
    told = ground.propose("replacing", small(key="id"))
    change = _change(told, "Table")
    said = f"Replacement {change.get('Replacement')}, {change.get('PolicyAction', 'no policy')}"
    return Found(
        "a change set says that a table is replaced, and what becomes of the old one",
        (change.get("Replacement"), change.get("PolicyAction")) == ("True", "ReplaceAndRetain"),
        said,
    )


def change_set_shows_values(ground: Ground) -> Found:
    told = ground.propose("values", small(days=5))
    details = _change(told, "Queue").get("Details", [])
    values = [detail["Target"].get("AfterValue") for detail in details]
    return Found(
        "a change set shows a property's values before and after",
        any(values),
        f"{len(details)} detail(s), {'with' if any(values) else 'without'} values",
    )


def change_set_of_outputs_alone(ground: Ground) -> Found:
    told = ground.propose(
        "outputs", small(), Parameters=[{"ParameterKey": "Release", "ParameterValue": "r2"}]
    )
    return Found(
        "an output alone can be updated",
        told["Status"] == "CREATE_COMPLETE",
        told.get("StatusReason") or told["Status"],
    )


def an_api_stays_when_its_document_changes(ground: Ground) -> Found:
    ground.propose("api", small(Api=_api("before")))
    ground.carry_out("api")
    change = _change(ground.propose("document", small(Api=_api("after"))), "Api")
    said = f"Replacement {change.get('Replacement')}"
    return Found(
        "an API is not replaced when its document changes", change.get("Replacement") == "False", said
    )


def _api(title: str) -> dict[str, Any]:
    document = {"swagger": "2.0", "info": {"title": title, "version": "1"}, "paths": {}}
    return {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": f"{STACK}-api", "Body": document}}


def capabilities_are_asked_for(ground: Ground) -> Found:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    }
    said = refusal(lambda: ground.propose("capable", small(Role=role)))
    return Found(
        "roles are not made without CAPABILITY_IAM", "InsufficientCapabilities" in said, said or "it took it"
    )


def a_role_must_exist(ground: Ground) -> Found:
    said = refusal(
        lambda: ground.propose(
            "role", small(days=6), RoleARN="arn:aws:iam::000000000000:role/entrepot-probe-nobody"
        )
    )
    return Found(
        "CloudFormation works under a role that is there", bool(said), said or "it took one that is not there"
    )


def an_alarm_turns_back(ground: Ground) -> Found:
    watch = ground.client("cloudwatch")
    watch.set_alarm_state(AlarmName=ALARM, StateValue="ALARM", StateReason="a rehearsal")
    (alarm,) = watch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
    trigger = {"Arn": alarm["AlarmArn"], "Type": "AWS::CloudWatch::Alarm"}
    ground.propose(
        "alarm",
        small(days=7),
        RollbackConfiguration={"RollbackTriggers": [trigger], "MonitoringTimeInMinutes": 0},
    )
    status, _ = ground.carry_out("alarm")
    return Found(
        "an alarm that rings turns an update back", "ROLLBACK" in status, f"{status}, with the alarm in ALARM"
    )


def triggers_are_kept(ground: Ground) -> Found:
    told = ground.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    kept = told.get("RollbackConfiguration", {}).get("RollbackTriggers", [])
    return Found("a stack says which alarms watch it", bool(kept), f"{len(kept)} trigger(s) told")


def a_missing_alarm_fails(ground: Ground) -> Found:
    trigger = {
        "Arn": "arn:aws:cloudwatch:eu-central-1:000000000000:alarm:entrepot-probe-nobody",
        "Type": "AWS::CloudWatch::Alarm",
    }
    said = refusal(
        lambda: ground.propose(
            "missing", small(days=8), RollbackConfiguration={"RollbackTriggers": [trigger]}
        )
    )
    status = said or ground.carry_out("missing")[0]
    return Found(
        "an update watched by an alarm that is not there fails", bool(said) or "ROLLBACK" in status, status
    )


def the_watch_lasts(ground: Ground) -> Found:
    ground.propose(
        "watching",
        small(days=9),
        RollbackConfiguration={"RollbackTriggers": [], "MonitoringTimeInMinutes": 1},
    )
    status, seconds = ground.carry_out("watching")
    long = seconds >= SECONDS
    return Found(
        "an update waits for the end of the watch",
        long,
        f"{status} after {seconds:.1f} s, with a minute of watch"
        if not long
        else f"still {status} after {seconds:.0f} s",
    )


def an_update_can_be_cancelled(ground: Ground) -> Found:
    ground.propose("cancelled", small(days=9, **waiting(seconds=8)))
    client = ground.client("cloudformation")
    client.execute_change_set(StackName=STACK, ChangeSetName="cancelled")
    until(lambda: _events(client, "Wait"), bool)
    began = time.monotonic()
    said = refusal(lambda: client.cancel_update_stack(StackName=STACK))
    status = ground.ended()
    seconds = time.monotonic() - began
    return Found(
        "an update is cancelled in the middle of a resource",
        status == "UPDATE_ROLLBACK_COMPLETE" and seconds < 6,
        f"{status} after {seconds:.1f} s, where the resource fails by itself after 8; {said}".rstrip("; "),
    )


def a_failure_is_turned_back_and_named(ground: Ground) -> Found:
    ground.propose("failing", small(days=10, **waiting(seconds=1)))
    status, _ = ground.carry_out("failing")
    failed = [
        one for one in _events(ground.client("cloudformation"), "Wait") if "FAILED" in one["ResourceStatus"]
    ]
    said = failed[0].get("ResourceStatusReason", "no reason") if failed else "no event of a failure"
    return Found(
        "a resource that fails is named, and the update turned back",
        status == "UPDATE_ROLLBACK_COMPLETE" and bool(failed),
        f"{status}; {said}",
    )


def _events(client: Any, logical_id: str) -> list[dict[str, Any]]:
    told = client.describe_stack_events(StackName=STACK)["StackEvents"]
    return [one for one in told if one["LogicalResourceId"] == logical_id]


def a_failed_rollback_can_be_continued(ground: Ground) -> Found:
    client = ground.client("cloudformation")
    said = refusal(lambda: client.continue_update_rollback(StackName=STACK, ResourcesToSkip=[]))
    known = "InvalidAction" not in said and "Unknown" not in said
    return Found("continue-update-rollback is known", known, said or "it took it of a stack that is well")


def a_stack_is_protected(ground: Ground) -> Found:
    client = ground.client("cloudformation")
    client.update_termination_protection(StackName=STACK, EnableTerminationProtection=True)
    said = refusal(lambda: client.delete_stack(StackName=STACK))
    ground.ended() if not said else None
    return Found("a protected stack cannot be deleted", bool(said), said or "it was deleted")


def a_table_is_protected(ground: Ground) -> Found:
    said = refusal(lambda: ground.client("dynamodb").delete_table(TableName=f"{STACK}-pk"))
    return Found("a protected table cannot be deleted", bool(said), said or "it was deleted")


def a_table_goes_back_in_time(ground: Ground) -> Found:
    tables = ground.client("dynamodb")
    said = refusal(
        lambda: tables.restore_table_to_point_in_time(
            SourceTableName=f"{STACK}-pk", TargetTableName=f"{STACK}-then", UseLatestRestorableTime=True
        )
    )
    return Found("a table can be restored to a point in time", not said, said or "it made one")


def a_bucket_wants_tls(ground: Ground) -> Found:
    store, bucket = ground.client("s3"), f"{STACK}-tls"
    with suppress(ClientError):
        store.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": ground.aws.region}
        )
    store.put_bucket_policy(Bucket=bucket, Policy=json.dumps(tls_only(bucket)))
    said = refusal(lambda: store.put_object(Bucket=bucket, Key="a", Body=b"a"))
    return Found(
        "a bucket's policy refuses what does not come by TLS", bool(said), said or "it took an object by HTTP"
    )


def a_bucket_of_another_is_refused(ground: Ground) -> Found:
    store = ground.client("s3")
    said = refusal(lambda: store.head_bucket(Bucket=f"{STACK}-tls", ExpectedBucketOwner="999999999999"))
    return Found(
        "a bucket of another account is refused", bool(said), said or "it took another owner for ours"
    )


def alarms_ring_by_themselves(ground: Ground) -> Found:
    queues, watch = ground.client("sqs"), ground.client("cloudwatch")
    watch.set_alarm_state(AlarmName=ALARM, StateValue="OK", StateReason="a rehearsal")
    queues.send_message(
        QueueUrl=queues.get_queue_url(QueueName=f"{STACK}-queue")["QueueUrl"], MessageBody="a"
    )
    told = until(
        lambda: watch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"][0],
        lambda told: told["StateValue"] == "ALARM",
    )
    return Found(
        "a metric of AWS's own makes an alarm ring", told["StateValue"] == "ALARM",
        f"{told['StateValue']} after {SECONDS:.0f} s with a message in the queue",
    )  # fmt: skip


ALL: Final[tuple[Callable[[Ground], Found], ...]] = (
    change_set_sees_a_replacement,
    change_set_shows_values,
    change_set_of_outputs_alone,
    an_api_stays_when_its_document_changes,
    capabilities_are_asked_for,
    a_role_must_exist,
    an_alarm_turns_back,
    triggers_are_kept,
    a_missing_alarm_fails,
    the_watch_lasts,
    an_update_can_be_cancelled,
    a_failure_is_turned_back_and_named,
    a_failed_rollback_can_be_continued,
    a_table_is_protected,
    a_table_goes_back_in_time,
    a_bucket_wants_tls,
    a_bucket_of_another_is_refused,
    alarms_ring_by_themselves,
    a_stack_is_protected,
)


def types(ground: Ground, kinds: set[str]) -> Iterator[Found]:
    """Whether the stand-in makes resources of these types, each asked for by itself."""
    client = ground.client("cloudformation")
    for kind in sorted(kinds):
        name = f"type-{kind.replace('::', '-').lower()}"
        template = json.dumps({"Resources": {"It": {"Type": kind}}})
        said = refusal(
            lambda name=name, template=template: client.create_change_set(  # type: ignore[misc]
                StackName=name, ChangeSetName="it", ChangeSetType="CREATE", TemplateBody=template
            )
        )
        yield Found(f"{kind} is made", not said, said or "it took it")


@contextmanager
def prepared(aws: Access) -> Iterator[Ground]:
    """The ground with its stack."""
    ground = Ground(aws)
    ground.propose("made", small())
    ground.carry_out("made")
    yield ground


def asked(probe: Callable[[Ground], Found], ground: Ground) -> Found:
    """What a probe found; what the stand-in could not even be asked is found so too."""
    try:
        return probe(ground)
    except (ClientError, BotoCoreError, LookupError) as failed:
        return Found(probe.__name__.replace("_", " "), False, f"could not be asked: {failed}")


def _change(told: dict[str, Any], logical_id: str) -> dict[str, Any]:
    found = [one["ResourceChange"] for one in told.get("Changes", [])]
    return next((one for one in found if one["LogicalResourceId"] == logical_id), {})
