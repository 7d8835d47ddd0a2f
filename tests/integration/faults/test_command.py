"""`make faults` prints its table, tells how to see a cell again, and exits by whether one is red."""

import pytest

from tests.integration.faults import mutations
from tests.integration.faults.__main__ import main


def test_a_row_of_one_case_that_is_well_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["--fault", "killed", "--case", "quote", "--seed", "7"])

    told = capsys.readouterr().out.splitlines()
    assert ["fault   quote", "─────────────", "killed   ok 2"] == told[:3]
    assert told[-1].startswith("1 cells, 2 faults injected, 0 red, ")
    assert "seed 7" in told[-1]


def test_a_cell_that_is_red_is_explained_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with mutations.marked_before_published():
        assert 1 == main(["--fault", "killed", "--case", "relay"])

    told = capsys.readouterr().out
    assert "WRONG" in told
    assert "(make faults FAULT='killed' CASE=relay SEED=1)" in told
    assert "unheard: orders.order_placed by inventory-events is too much" in told
