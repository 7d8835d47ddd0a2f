"""The alarms' pages against what is there: each has its trial, and what its commands name exists."""

import json
import os
import re
from fnmatch import fnmatchcase
from typing import Any, Final

import pytest

from infra.estate import FUNCTIONS, QUEUES, TABLES
from tests.contract.test_docs import alarms, runbook_rows
from tests.runbooks import cli
from tests.runbooks.__main__ import timed
from tests.runbooks.blocks import PAGES, Block, blocks
from tests.runbooks.patterns import compiled
from tests.runbooks.shell import Shell
from tests.runbooks.trials import ELSEWHERE, TRIALS

_QUEUE_OF_ALL: Final = {f"{queue}{suffix}" for queue in QUEUES for suffix in ("", "-dlq")}
_NAMES: Final = {
    r"/aws/lambda/entrepot-\$STAGE-([\w-]+|\$f)": {function.name for function in FUNCTIONS},
    r"--function-name entrepot-\$STAGE-([\w-]+)": {function.name for function in FUNCTIONS},
    r"--table-name entrepot-\$STAGE-([\w-]+)": {table.name for table in TABLES},
    r"--queue-name entrepot-\$STAGE-([\w-]+)": _QUEUE_OF_ALL,
}
"""What commands call things of ours, and what there is."""


def pages() -> list[str]:
    """The pages of alarms, without `.md`, that are tried here."""
    return sorted({page.removesuffix(".md") for page in runbook_rows().values()} - ELSEWHERE.keys())


def commands() -> list[Block]:
    return [block for page in pages() for block in blocks(page)]


def test_each_page_of_an_alarm_has_a_trial_of_each_of_its_blocks():
    assert pages() == sorted(TRIALS)
    for page in pages():
        tried = sorted(number for step in TRIALS[page] for number in (*step.before, *step.shows))
        assert [block.number for block in blocks(page)] == tried, page


def test_each_trial_looks_for_something_in_what_a_command_prints():
    for page, steps in TRIALS.items():
        for step in steps:
            assert step.shows, page
            assert all(patterns and all(patterns) for patterns in step.shows.values()), page


@pytest.mark.parametrize("block", commands(), ids=lambda block: f"{block.page}-{block.number}")
def test_what_a_command_names_is_there(block):
    looped = set(" ".join(re.findall(r"for f in ([\w -]+);", block.commands)).split())
    for pattern, there in _NAMES.items():
        named = set(re.findall(pattern, block.commands))
        if "$f" in named:
            named = named - {"$f"} | looped
            assert looped, block
        assert named <= there, (block.page, block.line)


def test_a_name_that_is_not_there_is_found():
    (named,) = re.findall(
        r"--table-name entrepot-\$STAGE-([\w-]+)", "aws --table-name entrepot-$STAGE-order x"
    )

    assert named not in {table.name for table in TABLES}


@pytest.mark.parametrize("block", commands(), ids=lambda block: f"{block.page}-{block.number}")
def test_each_filter_pattern_is_one(block):
    for pattern in re.findall(r"--filter-pattern '([^']*)'", block.commands):
        assert callable(compiled(pattern)), pattern


def test_every_queue_and_every_schedule_is_said_something_about():
    given_up = (PAGES / "dead-letters.md").read_text(encoding="utf-8")
    fails = (PAGES / "function-errors.md").read_text(encoding="utf-8")

    assert [] == [queue for queue in QUEUES if f"\n| `{queue}` |" not in given_up]
    alone = [function.name for function in FUNCTIONS if function.source in ("schedule", "worker")]
    assert alone
    assert [] == [name for name in alone if f"`{name}`" not in fails]


def test_each_page_is_headed_by_the_alarms_that_lead_to_it():
    rows = runbook_rows()
    for pattern, page in rows.items():
        if page.removesuffix(".md") in ELSEWHERE:
            continue
        head = (PAGES / page).read_text(encoding="utf-8").splitlines()[0]
        stem = pattern.removeprefix("*-")
        assert f"{stem}`" in head, (page, pattern)
        assert any(fnmatchcase(name, pattern) for name in alarms())


LINES: Final = {
    "plain": "START RequestId: 1 Version: $LATEST",
    "failed": '{"level":"error","event":"message_failed","correlation_id":"m1","error":"KeyError"}',
    "refused": '{"level":"warning","event":"message_refused","code":"busy"}',
    "metric": '{"ClearingBreaksOverdue":2,"status":503,"Route":"GET /v1/products"}',
    "platform": '{"type":"platform.report","record":{"status":"timeout"}}',
    "trace": "Traceback (most recent call last):",
}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('{ $.event = "message_failed" }', {"failed"}),
        ('{ $.event = "message_failed" || $.event = "message_refused" }', {"failed", "refused"}),
        ('{ $.event = "message_*" && $.code = "busy" }', {"refused"}),
        ('{ $.event != "message_failed" }', {"refused"}),
        ("{ $.status >= 500 }", {"metric"}),
        ("{ $.status > 503 }", set()),
        ('{ $.status = "503" }', set()),
        ('?"\\"level\\":\\"error\\"" ?"Task timed out" ?Traceback', {"failed", "trace"}),
        ("Traceback", {"trace"}),
        ("message busy", {"refused"}),
        ('{ $.record.status = "timeout" || $.level = "error" }', {"platform", "failed"}),
        ('{ $.record.status.code = "timeout" }', set()),
    ],
)
def test_a_pattern_finds_the_lines_that_cloudwatch_would(pattern: str, found: set[str]):
    assert found == {name for name, line in LINES.items() if compiled(pattern)(line)}


@pytest.mark.parametrize(
    "pattern", ["", "{ event = 1 }", '{ $.a = "1" && $.b = "2" || $.c = "3" }', "a ?b", '{ $.a > "1" }']
)
def test_a_pattern_of_another_kind_is_refused(pattern: str):
    with pytest.raises(ValueError):
        compiled(pattern)


def test_the_commands_see_only_the_lines_that_match(monkeypatch, capsys):
    asked: list[list[str]] = []

    def cloudwatch(command: list[str], **_: Any) -> Any:
        asked.append(command)
        held = {"events": [{"message": line + "\n"} for line in LINES.values()]}
        return type("Done", (), {"returncode": 0, "stdout": json.dumps(held)})

    monkeypatch.setenv("AWS_CLI", "aws")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("tests.runbooks.cli.subprocess.run", cloudwatch)
    command = [
        "logs",
        "filter-log-events",
        "--log-group-name",
        "g",
        "--query",
        "events[].message",
        "--output",
        "text",
    ]

    assert 0 == cli.main([*command, "--filter-pattern", '{ $.event = "message_refused" }'])

    assert LINES["refused"] == capsys.readouterr().out.strip()
    assert "--filter-pattern" not in asked[0]


def test_a_block_is_read_with_its_place_also_within_a_list(tmp_path):
    text = "# Page\n\n```sh\none\n```\n\n1. Then:\n\n   ```sh\n   two \\\n     more\n   ```\n\n```json\n{}\n```\n"
    (tmp_path / "page.md").write_text(text, encoding="utf-8")

    assert [(1, 4, "one\n"), (2, 10, "two \\\n  more\n")] == [
        (block.number, block.line, block.commands) for block in blocks("page", tmp_path)
    ]


@pytest.mark.parametrize(
    ("commands", "fails", "found"),
    [
        ("echo '3 orders-events'", False, 0),
        ("echo '0 orders-events'", False, 1),
        ("echo '3 orders-events'; false | cat", False, 1),
        ("echo '3 orders-events'; exit 1", True, 0),
        ("echo '3 orders-events'", True, 1),
        ("echo '3 orders-events'; echo $UNSET", False, 1),
    ],
)
def test_a_command_that_does_not_do_what_its_page_says_is_found(commands: str, fails: bool, found: int):
    block = Block("page", 1, 1, commands)

    _, findings = timed(
        Bash(), block, {"orders-events": "orders-events"}, (r"^[1-9]\d* orders-events$",), fails=fails
    )

    assert found == bool(findings)


def test_what_a_page_leaves_open_is_filled_in():
    _, findings = timed(
        Bash(), Block("page", 1, 1, "echo pay_…"), {"pay_…": "pay_1"}, ("^pay_1$",), fails=False
    )

    assert [] == findings


class Bash(Shell):
    """Runs commands without the CLI."""

    def __init__(self) -> None:
        self._folder, self._environment = PAGES, {"PATH": os.environ["PATH"]}
