"""A stage that stands still: nobody is answered and nothing is worked on, until it is let go on.

Reading whole tables takes a while, and DynamoDB gives no snapshot across them: who wants an archive of one moment stops
the stage first. It takes two things. What calls the functions (queues, the stream, schedules) is switched off, so that
messages wait instead of being tried in vain until they are dead letters; and the functions get no capacity, which stops
the API.
"""

from collections.abc import Iterator
from typing import Any

from infra.backup.making import Say
from infra.estate import FUNCTIONS
from infra.stage import Stage


def running(stage: Stage) -> list[str]:
    """The functions of a stage that may run, by the last part of their name."""
    return [name for name, full in _functions(stage) if _capacity(stage, full) != 0]


def stop(stage: Stage, say: Say) -> None:
    for rule in _rules(stage):
        stage.client("events").disable_rule(Name=rule)
    for mapping in _mappings(stage):
        stage.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for _, full in _functions(stage):
        stage.client("lambda").put_function_concurrency(FunctionName=full, ReservedConcurrentExecutions=0)
    say(f"{stage.name} stands still: {len(_functions(stage))} functions")


def start(stage: Stage, say: Say) -> None:
    for _, full in _functions(stage):
        stage.client("lambda").delete_function_concurrency(FunctionName=full)
    for mapping in _mappings(stage):
        stage.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    for rule in _rules(stage):
        stage.client("events").enable_rule(Name=rule)
    say(f"{stage.name} goes on: {len(_functions(stage))} functions")


def _functions(stage: Stage) -> list[tuple[str, str]]:
    """The functions that are there, short and whole name."""
    listed = stage.client("lambda").get_paginator("list_functions").paginate()
    there = {each["FunctionName"] for page in listed for each in page["Functions"]}
    names = [(function.name, stage.called(function.name)) for function in FUNCTIONS]
    return [(short, full) for short, full in names if full in there]


def _capacity(stage: Stage, full: str) -> int | None:
    answer = stage.client("lambda").get_function_concurrency(FunctionName=full)
    found: int | None = answer.get("ReservedConcurrentExecutions")
    return found


def _mappings(stage: Stage) -> Iterator[dict[str, Any]]:
    for _, full in _functions(stage):
        pages = stage.client("lambda").get_paginator("list_event_source_mappings").paginate(FunctionName=full)
        for page in pages:
            yield from page["EventSourceMappings"]


def _rules(stage: Stage) -> list[str]:
    """The schedules that call a function of the stage."""
    arns = {
        stage.client("lambda").get_function_configuration(FunctionName=full)["FunctionArn"]
        for _, full in _functions(stage)
    }
    found = {
        rule
        for arn in arns
        for rule in stage.client("events").list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    }
    return sorted(found)
