"""What the documents say of costs is what was measured, and it would be seen if it were not."""

import copy
import json
from typing import Any

import pytest

from bench import budgets, report, results, tables
from infra.estate import FUNCTIONS

PAGE = report.PAGE.read_text(encoding="utf-8")
README = report.README.read_text(encoding="utf-8")


@pytest.fixture
def kept() -> results.Results:
    return results.load(results.KEPT)


@pytest.mark.parametrize("text", [PAGE, README], ids=["performance.md", "README.md"])
def test_a_document_s_tables_are_those_of_the_results(kept, text) -> None:
    assert report.asked_for(text)
    assert text == report.filled(text, kept), "run: python -m bench.report"


def test_performance_md_has_every_table_that_there_is() -> None:
    assert list(tables.SECTIONS) == sorted(report.asked_for(PAGE), key=list(tables.SECTIONS).index)


@pytest.mark.parametrize("part", list(results.load(results.KEPT)))
def test_an_altered_figure_is_seen(kept, part) -> None:
    altered = copy.deepcopy(kept)
    assert _raise_a_figure(altered[part]["data"])

    assert PAGE != report.filled(PAGE, altered)


def test_a_table_altered_by_hand_is_seen(kept) -> None:
    altered = PAGE.replace("PASS", "FAIL", 1) if "PASS" in PAGE else PAGE.replace("FAIL", "PASS", 1)

    assert altered != PAGE
    assert altered != report.filled(altered, kept)


def test_a_table_that_was_not_measured_says_so_and_one_that_nobody_makes_is_refused() -> None:
    asked = "<!-- bench: {0} -->\n<!-- /bench: {0} -->"

    assert report.NOT_MEASURED in report.filled(asked.format("growth"), {})
    with pytest.raises(report.NoSuchSection, match="profit"):
        report.filled(asked.format("profit"), {})


def test_every_function_of_the_template_was_started(kept) -> None:
    started = {one["name"] for one in kept["startup"]["data"]}

    assert {function.handler for function in FUNCTIONS} | {"floor"} == started


def test_the_results_are_as_they_were_written(kept) -> None:
    assert results.KEPT.read_text(encoding="utf-8") == json.dumps(kept, indent=1) + "\n"


def test_the_first_release_is_the_before_of_each_part_of_an_order() -> None:
    cases = results.load(results.BEFORE)["use_cases"]["data"]["cases"]

    assert {*budgets.ORDER, "list of 24", "detail", "a whole order"} == {case["name"] for case in cases}


def _raise_a_figure(data: Any) -> bool:
    """Make the first figure that a table shows larger. Returns: whether there was one."""
    if isinstance(data, list):
        return any(map(_raise_a_figure, data))
    if not isinstance(data, dict):
        return False
    for name in ("cpu", "unzipped", "a_second", "price", "peak"):
        if name in data:
            data[name] = data[name] * 2 + 10_000
            return True
    return any(map(_raise_a_figure, data.values()))
