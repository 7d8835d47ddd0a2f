"""Settings come from the wish, the stage or the template, in that order; names that are none are refused."""

import pytest

from infra.delivery import Refused, plan, stacks
from infra.delivery.plan import Wish
from infra.delivery.stacks import Stack

TEMPLATE = {
    "Parameters": {
        "Stage": {"Default": "dev"},
        "Release": {"Default": "none"},
        "PublicUrl": {"Default": "https://api.entrepot.example"},
        "CompletionDays": {"Default": 14},
        "ReturnTo": {"Default": ""},
    }
}
OWN = {"Stage": "prod", "Release": "abc"}


def stack(status: str) -> Stack:
    return Stack("entrepot-prod", "arn:stack", status, "", {}, {}, {})


def test_what_is_wanted_goes_before_what_the_stage_has_and_that_before_the_default():
    present = {"Stage": "prod", "Release": "old", "PublicUrl": "https://a.example", "CompletionDays": "7"}

    given, will_be = plan.settled(TEMPLATE, OWN, {"CompletionDays": "21"}, present)

    assert [
        {"ParameterKey": "Stage", "ParameterValue": "prod"},
        {"ParameterKey": "Release", "ParameterValue": "abc"},
        {"ParameterKey": "PublicUrl", "UsePreviousValue": True},
        {"ParameterKey": "CompletionDays", "ParameterValue": "21"},
    ] == given
    assert {"PublicUrl": "https://a.example", "CompletionDays": "21", "ReturnTo": ""} == will_be


def test_a_setting_that_is_emptied_is_told():
    assert ["  ReturnTo: https://a.example → (empty)"] == plan.differing(
        {"ReturnTo": "https://a.example", "Gone": "1"}, {"ReturnTo": "", "New": "x"}
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [("CompletionDay", "no parameter CompletionDay"), ("Release", "set by the deployment itself")],
)
def test_a_setting_that_is_none_is_refused(name, why):
    with pytest.raises(Refused, match=why):
        plan.require_known(TEMPLATE, {name: "1"})


def test_a_new_stage_for_real_needs_its_addresses_and_a_trial_does_not():
    with pytest.raises(Refused, match="A new stage needs MailDomain"):
        plan.require_addresses("prod", {"PublicUrl": "https://a.example"})
    plan.require_addresses("prod", {"PublicUrl": "https://a.example", "MailDomain": "a.example"})
    plan.require_addresses("dev", {})


@pytest.mark.parametrize("name", ["", "p", "Prod", "prod-2", "a" * 13, "../x", "1st"])
def test_what_is_no_stage_is_refused(name):
    with pytest.raises(Refused, match="is no stage"):
        Wish(name)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("REVIEW_IN_PROGRESS", "CREATE"),
        ("CREATE_COMPLETE", "UPDATE"),
        ("UPDATE_COMPLETE", "UPDATE"),
        ("UPDATE_ROLLBACK_COMPLETE", "UPDATE"),
    ],
)
def test_a_stack_at_rest_takes_a_change_set(status, kind):
    assert kind == stacks.kind_of_change(stack(status))
    assert "CREATE" == stacks.kind_of_change(None)


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        ("UPDATE_IN_PROGRESS", "make rollback STAGE=prod to cancel"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "wait for it"),
        ("UPDATE_ROLLBACK_FAILED", "make rollback STAGE=prod tries again"),
        ("ROLLBACK_COMPLETE", "delete-stack --stack-name entrepot-prod"),
        ("DELETE_FAILED", "delete-stack --stack-name entrepot-prod"),
    ],
)
def test_a_stack_that_can_take_none_is_refused_with_the_way_out(status, way_out):
    with pytest.raises(Refused, match=way_out):
        stacks.kind_of_change(stack(status))
