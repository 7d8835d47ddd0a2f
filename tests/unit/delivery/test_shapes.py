"""Whether older code can read what newer code writes."""

import json

import msgspec
import pytest

from infra.delivery import shapes


class Before(msgspec.Struct):
    order_id: str
    units: int
    note: str | None = None
    states: list[str] = []
    place: dict[str, int] = {}


def written_by(**fields: object) -> dict[str, shapes.Shape]:
    kinds = Before.__annotations__ | fields
    later = msgspec.defstruct("Later", [(name, kind) for name, kind in kinds.items() if kind is not None])
    return {"row": shapes.plain(msgspec.json.schema(later))}


BEFORE = {"row": shapes.plain(msgspec.json.schema(Before))}


@pytest.mark.parametrize("fields", [{}, {"colour": str}, {"note": str}, {"states": list[str]}])
def test_what_is_added_or_narrowed_can_be_read(fields):
    assert [] == shapes.unreadable(BEFORE, written_by(**fields))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"units": None}, "row.units: no longer there, and it needs it"),
        ({"units": str}, "row.units: string instead of integer"),
        ({"units": int | None}, "row.units: null instead of integer"),
        ({"states": list[int]}, "row.states[]: integer instead of string"),
        ({"place": dict[str, str]}, "row.place.*: string instead of integer"),
        ({"note": int}, "row.note: integer instead of"),
    ],
)
def test_what_is_taken_away_or_turned_into_something_else_cannot_be_read(fields, why):
    (found,) = shapes.unreadable(BEFORE, written_by(**fields))

    assert found.startswith(why)


def test_a_new_value_of_an_enumeration_is_unknown_to_older_code():
    older = {"row": {"enum": ["a", "b"]}}

    assert ["row: c is unknown to it"] == shapes.unreadable(older, {"row": {"enum": ["a", "b", "c"]}})
    assert [] == shapes.unreadable(older, {"row": {"enum": ["a"]}})


def test_a_new_version_of_an_event_is_unknown_to_older_code():
    older = {"event": {"properties": {"version": {"const": 1}}, "type": "object"}}
    newer = {"event": {"properties": {"version": {"const": 2}}, "type": "object"}}

    assert ["event.version: 2 is unknown to it"] == shapes.unreadable(older, newer)


def test_rows_that_are_new_altogether_are_asked_for_by_nobody():
    assert [] == shapes.unreadable({}, BEFORE)


def test_the_file_says_what_the_code_writes():
    kept = json.loads(shapes.FILE.read_text(encoding="utf-8"))["shapes"]
    found = shapes.present()
    differing = {
        name
        for name in kept.keys() | found.keys()
        if kept.get(name) != json.loads(json.dumps(found.get(name)))
    }

    assert set() == differing, "run: python -m infra.delivery.shapes"


def test_the_file_knows_rows_with_their_documents_and_events():
    kept = json.loads(shapes.FILE.read_text(encoding="utf-8"))["shapes"]

    order = kept["row orders OrderRow"]["properties"]["document"]["properties"]
    assert {"order_id", "lines"} <= order.keys()
    assert "event orders.order_placed" in kept


def test_a_raised_epoch_is_written_and_read(tmp_path):
    file = tmp_path / "shapes.json"
    file.write_text(shapes.written(7, BEFORE), encoding="utf-8")

    assert 7 == shapes.epoch(file)
    assert BEFORE == json.loads(file.read_text(encoding="utf-8"))["shapes"]
