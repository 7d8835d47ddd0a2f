"""Processes that die between any two writes of a use case, and how the table of `make faults` tells of its cells."""

from collections.abc import Iterator

import pytest

from tests.integration.faults.cases import CASES
from tests.integration.faults.run import Cell, Runner
from tests.integration.faults.stage import in_this_process
from tests.integration.faults.table import shown, table, wrongs


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with in_this_process() as stage:
        yield Runner(stage, "1")


@pytest.mark.parametrize("name", ["place", "pay"])
def test_a_process_that_dies_between_any_two_writes_leaves_nothing_undone(runner: Runner, name: str) -> None:
    cell = runner.killed(runner.begun(next(case for case in CASES if case.name == name)))

    assert [] == wrongs([cell], "1")
    assert cell.struck == cell.possible > 7


def test_a_fault_that_did_not_strike_is_not_shown_as_well() -> None:
    cells = [Cell("cut", "place", 9, 0, ()), Cell("cut", "quote", 0, 0, ()), Cell("cut", "pay", 9, 3, ())]

    assert ["none", "–", "ok 3"] == [shown(cell) for cell in cells]
    assert [False, True, True] == [cell.right for cell in cells]


def test_the_table_names_what_went_wrong_and_how_to_see_it_again() -> None:
    cells = [Cell("cut", "place", 9, 3, ("stock: 3 instead of 2",)), Cell("cut", "pay", 9, 3, ())]

    assert ["fault    place   pay", "─" * 20, "cut    WRONG 3  ok 3"] == table(cells)
    assert [
        "place under cut, struck 3 of 9   (make faults FAULT='cut' CASE=place SEED=7)",
        "    stock: 3 instead of 2",
    ] == wrongs(cells, "7")
