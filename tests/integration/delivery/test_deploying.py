"""Editions come to a stage and go back by change sets, and what must not happen does not."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.delivery import DryRunOver, Failed, Refused, changes, smoke
from infra.delivery.edition import Edition
from infra.delivery.records import Kind, Outcome
from infra.delivery.shelf import Shelf
from infra.delivery.tree import Origin
from infra.local.rehearsal.ground import waiting
from tests.support.deployer import allowed, needed

ORIGIN = Origin("beef" * 10, tested=True)
PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}


def shelf(stage: Any) -> Shelf:
    return Shelf(stage.aws.client("s3"), "dev", stage.aws.account, stage.aws.region)


def status(stage: Any) -> Any:
    return stage.aws.client("cloudformation").describe_stacks(StackName="entrepot-dev")["Stacks"][0][
        "StackStatus"
    ]


def until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not true():
        assert time.monotonic() < limit
        threading.Event().wait(0.01)


def tables(stage: Any) -> Any:
    return stage.aws.client("dynamodb").list_tables()["TableNames"]


def test_a_new_stage_is_made_checked_and_written_down(stage):
    release = stage.deploy(stage.edition("a"))

    (record,) = shelf(stage).records()
    assert ("a", "CREATE_COMPLETE") == (release, status(stage))
    assert (Kind.DEPLOY, Outcome.DEPLOYED, "build-a", True) == (
        record.kind,
        record.outcome,
        record.build,
        record.tested,
    )
    assert 40 == len(record.commit)
    assert {"Days": "14"} == record.settings
    assert ["entrepot-dev-orders"] == tables(stage)
    assert "/health" in stage.answering.asked


def test_the_second_time_uploads_nothing_changes_nothing_and_says_so(stage):
    stage.deploy(stage.edition("a"))
    stage.aws.calls.clear()
    stage.said.clear()

    release = stage.deploy(stage.edition("a"))

    assert "a" == release
    assert "nothing to change: the stage has release a already" in stage.said
    assert [] == [call for call in stage.calls("s3") if call == "PutObject"]
    assert "ExecuteChangeSet" not in stage.calls("cloudformation")
    assert 1 == len(shelf(stage).records())


def test_an_update_names_what_changes_and_keeps_the_settings(stage):
    stage.deploy(stage.edition("a"), settings={"Days": "3"})
    stage.said.clear()

    stage.deploy(stage.edition("b", Extra=PARAMETER))

    assert [line for line in stage.said if "added" in line and "Extra" in line]
    assert {"Days": "3"} == shelf(stage).records()[-1].settings
    assert "UPDATE_COMPLETE" == status(stage)


def test_one_goes_back_to_what_was_there_before_with_its_settings(stage):
    stage.deploy(stage.edition("a"), settings={"Days": "3"})
    stage.deploy(stage.edition("b", Extra=PARAMETER), settings={"Days": "5"})
    stage.answering.build = "build-a"

    release = stage.delivery().rollback()

    assert "a" == release
    assert [] == stage.aws.client("ssm").describe_parameters()["Parameters"]
    last = shelf(stage).records()[-1]
    assert (Kind.ROLLBACK, Outcome.DEPLOYED, {"Days": "3"}) == (last.kind, last.outcome, last.settings)
    assert "setting  Days: 5 → 3" in stage.said
    with pytest.raises(Refused, match="no deployment before"):
        stage.delivery().rollback()


def test_a_change_that_replaces_the_table_of_orders_is_refused_and_nothing_is_done(stage):
    stage.deploy(stage.edition("a"))
    gone = stage.edition("b")
    del gone.template["Resources"]["OrdersTable"]
    stage.aws.calls.clear()

    with pytest.raises(Refused, match=r'OrdersTable REMOVED.*LOSE="OrdersTable"'):
        stage.deploy(gone)

    assert ["entrepot-dev-orders"] == tables(stage)
    assert "ExecuteChangeSet" not in stage.calls("cloudformation")
    assert "DeleteChangeSet" in stage.calls("cloudformation")
    assert 1 == len(shelf(stage).records())


def test_what_is_named_may_be_lost(stage):
    stage.deploy(stage.edition("a"))
    gone = stage.edition("b")
    del gone.template["Resources"]["Queue"]

    assert "b" == stage.deploy(gone, allowed=frozenset({"Queue"}))
    with pytest.raises(Refused, match="OrdersTable would lose nothing"):
        stage.deploy(stage.edition("c", Extra=PARAMETER), allowed=frozenset({"OrdersTable"}))


def test_who_does_not_agree_changes_nothing(stage):
    stage.deploy(stage.edition("a"))
    stage.agrees = False

    with pytest.raises(Refused, match="Not agreed"):
        stage.deploy(stage.edition("b", Extra=PARAMETER))

    assert stage.delivery().listed()[0].endswith("release a")
    assert 1 == len(shelf(stage).records())


def test_a_dry_run_shows_the_changes_and_ends(stage):
    stage.deploy(stage.edition("a"))
    stage.said.clear()

    with pytest.raises(DryRunOver):
        stage.deploy(stage.edition("b", Extra=PARAMETER), dry=True)

    assert [line for line in stage.said if "added" in line]
    assert (
        [] == stage.aws.client("cloudformation").list_change_sets(StackName="entrepot-dev")["Summaries"][1:]
    )
    assert "release a" in stage.delivery().listed()[0]


def test_an_alarm_that_the_template_does_not_have_is_refused(stage):
    stage.deploy(stage.edition("a"))

    with pytest.raises(Refused, match="The template has no alarm entrepot-dev-relase"):
        stage.deploy(stage.edition("b", Extra=PARAMETER), alarms=("relase",))

    assert 1 == len(shelf(stage).records())


def test_an_alarm_that_rings_already_stops_it_unless_it_is_said(stage):
    stage.deploy(stage.edition("a"))
    watch = stage.aws.client("cloudwatch")
    watch.set_alarm_state(AlarmName="entrepot-dev-release", StateValue="ALARM", StateReason="a test")

    with pytest.raises(Refused, match="entrepot-dev-release rings already"):
        stage.deploy(stage.edition("b", Extra=PARAMETER))

    assert "b" == stage.deploy(stage.edition("b", Extra=PARAMETER), despite_alarms=True)
    assert "no alarm watches this" in stage.said


def test_a_stage_that_answers_with_another_build_is_not_well_and_is_written_down_so(stage):
    stage.deploy(stage.edition("a"))

    with pytest.raises(
        Failed, match=r"answers as build build-a, and build-b was deployed(?s:.*)make rollback"
    ):
        stage.delivery().deploy(stage.edition("b", Extra=PARAMETER), ORIGIN)

    assert Outcome.UNSOUND is shelf(stage).records()[-1].outcome
    stage.answering.build = "build-a"
    assert "a" == stage.delivery().rollback()


def test_data_of_a_newer_epoch_needs_a_word_and_leaves_no_way_back(stage):
    stage.deploy(stage.edition("a"))

    with pytest.raises(Refused, match="ONE_WAY=1"):
        stage.deploy(stage.edition("b", epoch=2, Extra=PARAMETER))
    stage.deploy(stage.edition("b", epoch=2, Extra=PARAMETER), one_way=True)

    assert "no alarm watches this: there is no way back" in stage.said
    with pytest.raises(Refused, match="epoch 1, and the stage holds data of epoch 2"):
        stage.delivery().rollback()
    with pytest.raises(Refused, match="epoch 1, and the stage holds data of epoch 2"):
        stage.deploy(stage.edition("c"))


def test_a_release_whose_archive_is_gone_is_not_gone_back_to(stage):
    stage.deploy(stage.edition("a"))
    stage.deploy(stage.edition("b", Extra=PARAMETER))
    stage.aws.client("s3").delete_object(Bucket=shelf(stage).bucket, Key="code/a.zip")

    with pytest.raises(Refused, match=r"no longer holds code/a.zip"):
        stage.delivery().rollback()


def test_the_bucket_is_private_versioned_and_by_tls_only(stage):
    stage.deploy(stage.edition("a"))
    s3, bucket = stage.aws.client("s3"), shelf(stage).bucket

    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert {True} == set(blocked.values())
    assert "Enabled" == s3.get_bucket_versioning(Bucket=bucket)["Status"]
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert ("Deny", {"Bool": {"aws:SecureTransport": "false"}}) == (
        statement["Effect"],
        statement["Condition"],
    )


def test_a_stage_that_is_not_there_has_no_history_and_nothing_to_go_back_to(stage):
    assert ["entrepot-dev: not there", "  no deployment is recorded"] == stage.delivery().listed()
    with pytest.raises(Refused, match="There is no stack entrepot-dev"):
        stage.delivery().rollback()
    assert "CreateBucket" not in stage.calls("s3")


def test_what_fails_first_is_named_and_the_stage_keeps_what_it_had(stage):
    stage.deploy(stage.edition("a"))

    with pytest.raises(
        Failed, match=r"Wait \(AWS::CloudFormation::WaitCondition\).*(?s:.*)release a, as before"
    ):
        stage.deploy(stage.edition("b", **waiting(1)))

    last = shelf(stage).records()[-1]
    assert (Outcome.TURNED_BACK, "b") == (last.outcome, last.release)
    assert "Wait (AWS::CloudFormation::WaitCondition)" in last.reason
    assert "UPDATE_ROLLBACK_COMPLETE" == status(stage)
    assert "c" == stage.deploy(stage.edition("c", Extra=PARAMETER))


def _failing(stage: Any, coming: Edition) -> None:
    with contextlib.suppress(Failed):
        stage.delivery().deploy(coming, ORIGIN)


def test_an_update_that_hangs_is_cancelled_by_a_rollback(stage):
    stage.deploy(stage.edition("a"))
    hanging = stage.edition("b", **waiting(2))
    updating = threading.Thread(target=lambda: _failing(stage, hanging))
    updating.start()
    until(lambda: status(stage) == "UPDATE_IN_PROGRESS")

    release = stage.delivery().rollback()
    updating.join()

    assert "a" == release
    assert "CancelUpdateStack" in stage.calls("cloudformation")
    assert "UPDATE_ROLLBACK_COMPLETE" == status(stage)


def test_a_stage_that_lasts_is_protected_from_being_deleted(stage):
    lasting = stage.edition("a")
    lasting.template["Parameters"]["Lasting"] = {"Type": "String", "Default": "yes"}
    stage.deploy(lasting)

    with pytest.raises(ClientError, match="TerminationProtection"):
        stage.aws.client("cloudformation").delete_stack(StackName="entrepot-dev")


def test_without_its_refusal_the_table_of_orders_would_have_gone(stage, monkeypatch):
    stage.deploy(stage.edition("a"))
    gone = stage.edition("b")
    del gone.template["Resources"]["OrdersTable"]
    monkeypatch.setattr(changes, "KEEPS", {})

    assert "b" == stage.deploy(gone)
    assert [] == tables(stage)


def test_without_its_check_a_build_that_was_not_sent_would_be_taken_for_well(stage, monkeypatch):
    stage.deploy(stage.edition("a"))
    monkeypatch.setattr(smoke, "check", lambda *_, **__: [])

    assert "b" == stage.delivery().deploy(stage.edition("b", Extra=PARAMETER), ORIGIN)


def test_nothing_is_called_that_whoever_deploys_may_not_do(stage):
    stage.deploy(stage.edition("a"))
    stage.deploy(stage.edition("b", Extra=PARAMETER))
    stage.answering.build = "build-a"
    stage.delivery().rollback()
    stage.delivery().listed()
    stage.delivery().checked()

    assert needed(set(stage.aws.calls)) <= allowed()
    assert {"cloudformation:ExecuteChangeSet", "s3:PutObject", "cloudwatch:DescribeAlarms"} <= needed(
        set(stage.aws.calls)
    )
