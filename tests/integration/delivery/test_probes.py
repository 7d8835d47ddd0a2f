"""What the rehearsal asks of the stand-in is really asked: each probe can find both."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from infra.local.rehearsal import probes
from infra.local.rehearsal.ground import Ground
from infra.local.rehearsal.probes import Found


@pytest.fixture
def ground(stage) -> Iterator[Ground]:
    with probes.prepared(stage.aws) as made:
        yield made


def test_a_change_set_s_description_is_read_for_a_replacement(ground):
    found = probes.asked(probes.change_set_sees_a_replacement, ground)

    assert (True, "Replacement True, ReplaceAndRetain") == (found.as_aws, found.said)


def test_a_failure_that_is_turned_back_is_seen_with_its_reason(ground):
    found = probes.asked(probes.a_failure_is_turned_back_and_named, ground)

    assert found.as_aws
    assert "WaitCondition timed out" in found.said


def test_an_alarm_that_turns_nothing_back_is_seen(ground):
    found = probes.asked(probes.an_alarm_turns_back, ground)

    assert (False, "UPDATE_COMPLETE, with the alarm in ALARM") == (found.as_aws, found.said)


def test_a_type_that_is_not_made_is_told_from_one_that_is(ground):
    found = {
        one.what: one.as_aws
        for one in probes.types(ground, {"AWS::SQS::Queue", "AWS::WAFv2::WebACLAssociation"})
    }

    assert {"AWS::SQS::Queue is made": True, "AWS::WAFv2::WebACLAssociation is made": False} == found


def test_protection_is_tried_by_deleting(ground):
    assert probes.asked(probes.a_table_is_protected, ground).as_aws
    ground.client("dynamodb").update_table(TableName="entrepot-probe-pk", DeletionProtectionEnabled=False)
    assert not probes.asked(probes.a_table_is_protected, ground).as_aws


def test_what_cannot_even_be_asked_is_not_as_on_aws(ground):
    def broken(_: Ground) -> Found:
        raise ClientError({"Error": {"Code": "InvalidAction", "Message": "unknown"}}, "It")

    found = probes.asked(broken, ground)

    assert not found.as_aws
    assert "could not be asked" in found.said
