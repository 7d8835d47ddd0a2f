"""A stage that stands still: nobody is answered and nothing is worked on, until it is let go on.

Reading whole tables takes a while, and DynamoDB gives no snapshot across them: who wants an archive of one moment stops
the stage first. It takes two things. What calls the functions (queues, the stream, schedules) is switched off, so that
messages wait instead of being tried in vain until they are dead letters; and the functions get no capacity, which stops
the API.
"""

from collections.abc import Collection, Iterator
from typing import Any

from infra.backup.making import Say
from infra.estate import FUNCTIONS
from infra.stage import Stage


def running(stage: Stage) -> list[str]:
    """The functions of a stage that may run, by the last part of their name."""
    return [name for name, full in _functions(stage).items() if _capacity(stage, full) != 0]


def stop(stage: Stage, say: Say, only: Collection[str] = ()) -> None:
    """Args: only: some functions, by the last part of their name; all of them if none is named."""
    chosen = _functions(stage, only)
    for rule in _rules(stage, chosen):
        stage.client("events").disable_rule(Name=rule)
    for mapping in _mappings(stage, chosen):
        stage.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for full in chosen.values():
        stage.client("lambda").put_function_concurrency(FunctionName=full, ReservedConcurrentExecutions=0)
    say(f"{stage.name}: {len(chosen)} functions stand still")


def start(stage: Stage, say: Say, only: Collection[str] = ()) -> None:
    """As `stop`."""
    chosen = _functions(stage, only)
    for full in chosen.values():
        stage.client("lambda").delete_function_concurrency(FunctionName=full)
    for mapping in _mappings(stage, chosen):
        stage.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    for rule in _rules(stage, chosen):
        stage.client("events").enable_rule(Name=rule)
    say(f"{stage.name}: {len(chosen)} functions go on")


def _functions(stage: Stage, only: Collection[str] = ()) -> dict[str, str]:
    """The functions that are there: their whole name by the short one."""
    listed = stage.client("lambda").get_paginator("list_functions").paginate()
    there = {each["FunctionName"] for page in listed for each in page["Functions"]}
    names = {function.name: stage.called(function.name) for function in FUNCTIONS}
    return {short: full for short, full in names.items() if full in there and (not only or short in only)}


def _capacity(stage: Stage, full: str) -> int | None:
    answer = stage.client("lambda").get_function_concurrency(FunctionName=full)
    found: int | None = answer.get("ReservedConcurrentExecutions")
    return found


def _mappings(stage: Stage, functions: dict[str, str]) -> Iterator[dict[str, Any]]:
    for full in functions.values():
        pages = stage.client("lambda").get_paginator("list_event_source_mappings").paginate(FunctionName=full)
        for page in pages:
            yield from page["EventSourceMappings"]


def _rules(stage: Stage, functions: dict[str, str]) -> list[str]:
    """The schedules that call one of these functions."""
    found: set[str] = set()
    for full in functions.values():
        arn = stage.client("lambda").get_function_configuration(FunctionName=full)["FunctionArn"]
        found.update(stage.client("events").list_rule_names_by_target(TargetArn=arn)["RuleNames"])
    return sorted(found)
