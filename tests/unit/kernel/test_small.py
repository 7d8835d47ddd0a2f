"""Ids, times and cursors."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel import clock, ids, pagination

NOW = datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=UTC)


def test_ids_sort_by_their_time_and_tell_it() -> None:
    earlier, later = ids.new_id("ord", NOW), ids.new_id("ord", NOW + timedelta(milliseconds=1))

    assert earlier < later
    assert NOW == ids.time_of(earlier)
    assert ids.new_id("ord", NOW) != earlier


@pytest.mark.parametrize(
    "text", ["ord_", "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV", "ord_01arz3ndektsv4rrffq69g5fav", "x", ""]
)
def test_what_is_no_id_is_told_from_one(text: str) -> None:
    assert ids.is_id("ord_01ARZ3NDEKTSV4RRFFQ69G5FAV", "ord")
    assert not ids.is_id(text, "ord")


def test_what_exists_once_for_its_parent_has_its_ulid() -> None:
    assert "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV" == ids.derived_id("pay", "ord_01ARZ3NDEKTSV4RRFFQ69G5FAV")


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_times_sort_as_their_texts_do(one: datetime, other: datetime) -> None:
    assert (
        (one < other) == (clock.rfc3339(one) < clock.rfc3339(other)) or one.year < 1000 or other.year < 1000
    )
    assert one.year < 1000 or one == clock.parsed(clock.rfc3339(one))


def test_a_time_without_an_offset_is_none() -> None:
    with pytest.raises(ValueError, match="offset"):
        clock.parsed("2026-11-22T10:00:00")
    assert NOW == clock.parsed(NOW.astimezone(timezone(timedelta(hours=8))).isoformat())


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=40), max_size=4))
def test_a_cursor_opens_for_the_one_it_was_given_to(key: dict[str, str]) -> None:
    cursor = pagination.sealed_cursor(key, "member:mbr_1|list", b"secret")

    assert key == pagination.opened_cursor(cursor, "member:mbr_1|list", b"secret")
    for binding, secret in (("member:mbr_2|list", b"secret"), ("member:mbr_1|list", b"other")):
        with pytest.raises(pagination.BadCursor):
            pagination.opened_cursor(cursor, binding, secret)


@pytest.mark.parametrize("cursor", ["", "a", "!!!!", "AAAA" * 10, "é"])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(pagination.BadCursor):
        pagination.opened_cursor(cursor, "x", b"secret")
