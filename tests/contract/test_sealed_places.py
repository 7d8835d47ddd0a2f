"""Every place in which the platform seals has its rule, so that a restore and a new data key find all of them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from functions.membership.store import members
from infra import sealed
from infra.sealed import UnboundSeal, UnknownSeal, places

ROOT: Final = Path(__file__).resolve().parents[2]
SEALED: Final = f"1.{'0' * 8}-0000-0000-0000-{'0' * 12}.{'a' * 60}.{'b' * 60}"


def purposes(folder: Path) -> Iterator[str]:
    """The purpose of every call of `seal.sealed` in the sources below a folder."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Constant)
            for target in ([node.target] if isinstance(node, ast.AnnAssign) else node.targets)
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "seal.sealed":
                yield from _said(node.args[1], constants, path)


def _said(purpose: ast.expr, constants: dict[str, Any], path: Path) -> Iterator[str]:
    if isinstance(purpose, ast.Constant):
        yield str(purpose.value)
    elif isinstance(purpose, ast.Name):
        yield constants[purpose.id]
    else:  # the one place that makes its purpose of a field's name
        assert path.name == "members.py", path
        yield from (members._purpose(name) for name in members.PERSONAL)


def test_each_purpose_for_which_something_is_sealed_has_a_rule() -> None:
    used = set(purposes(ROOT / "functions"))

    assert len(used) > 8
    assert used == {rule.purpose for rule in sealed.RULES}


def test_a_new_place_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text('_P: Final = "a.new.place"\nseal.sealed(value, _P, record)\n')

    assert ["a.new.place"] == list(purposes(tmp_path))


@pytest.mark.parametrize(
    "row",
    [
        {"pk": {"S": "order#1"}, "sk": {"S": "order"}, "unheard_of": {"S": SEALED}},
        {"pk": {"S": "order#1"}, "sk": {"S": "order"}, "document": {"S": f'{{"unheard_of": ["{SEALED}"]}}'}},
        {
            "pk": {"S": "order#1"},
            "sk": {"S": "order"},
            "document": {"S": f'{{"note": "see {SEALED} there"}}'},
        },
    ],
)
def test_a_sealed_text_that_no_rule_knows_is_not_passed_over(row: sealed.Row) -> None:
    with pytest.raises(UnknownSeal):
        places("orders", row)


def test_a_sealed_text_whose_record_is_not_there_is_not_passed_over() -> None:
    with pytest.raises(UnboundSeal):
        places("orders", {"pk": {"S": "order#1"}, "sk": {"S": "order"}, "ship_to": {"S": SEALED}})


def test_the_nearest_record_counts_where_a_document_holds_several() -> None:
    text = f'{{"destination_id": "outer", "orders": [{{"destination_id": "pdn_1", "sealed": "{SEALED}"}}]}}'
    row = {"pk": {"S": "file#1"}, "sk": {"S": "part"}, "orders": {"S": text}}

    assert [("payout_destination", "pdn_1")] == [(p.purpose, p.record) for p in places("settlement", row)]
