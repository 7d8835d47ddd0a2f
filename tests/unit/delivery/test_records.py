"""To which deployment one goes back, and to which one cannot."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.delivery import Refused, records
from infra.delivery.records import Kind, Outcome, Record

START = datetime(2026, 11, 1, 9, tzinfo=UTC)


def history(*entries: str) -> list[Record]:
    """Records an hour apart. An entry: release, then ! turned back, ? begun, ~ unsound; < before it is a rollback; a
    digit after a colon is its epoch."""
    marks = {"!": Outcome.TURNED_BACK, "?": Outcome.BEGUN, "~": Outcome.UNSOUND}
    made = []
    for hour, entry in enumerate(entries):
        text, _, epoch = entry.partition(":")
        outcome = marks.get(text[-1], Outcome.DEPLOYED)
        release = text.strip("<!?~")
        made.append(
            Record(
                at=START + timedelta(hours=hour),
                kind=Kind.ROLLBACK if text.startswith("<") else Kind.DEPLOY,
                release=release,
                build=f"build-{release}",
                epoch=int(epoch or 1),
                commit=f"{release}00ffee",
                tested=True,
                by="arn:aws:iam::1:user/ana",
                template_key=f"templates/{release}.json",
                archives=(f"code/{release}-function.zip",),
                settings={"CompletionDays": "14"},
                outcome=outcome,
            )
        )
    return made


@pytest.mark.parametrize(
    ("entries", "current", "expected"),
    [
        (("a", "b"), "b", "a"),
        (("a", "b", "c"), "c", "b"),
        (("a", "b", "c", "<b"), "b", "a"),  # not to c, which was just left
        (("a", "b", "c", "<b", "d"), "d", "b"),
        (("a", "b", "<a", "c"), "c", "a"),
        (("a", "b!"), "a", None),
        (("a", "b!", "c"), "c", "a"),
        (("a", "b~", "c"), "c", "a"),  # b did not answer as it should
        (("a", "b?"), "b", "a"),  # whoever began it went away, and the stack says that it is there
        (("a", "b?", "c"), "c", "a"),
        (("a", "a", "b", "b"), "b", "a"),  # the same brought twice
        (("a", "b", "a", "b"), "b", "a"),
        (("a", "b", "c", "<a"), "a", None),
    ],
)
def test_one_goes_back_to_what_lay_below(entries, current, expected):
    made = history(*entries)

    if expected is None:
        with pytest.raises(Refused, match="no deployment before"):
            records.target(made, current, None)
    else:
        assert expected == records.target(made, current, None).release


def test_a_release_without_a_record_is_no_ground_to_go_back_from():
    with pytest.raises(Refused, match="the release zzz, of which there is no record"):
        records.target(history("a", "b"), "zzz", None)


def test_a_named_release_or_commit_is_found_by_its_first_digits():
    made = history("aaa1", "bbb2", "ccc3")

    assert "aaa1" == records.target(made, "ccc3", "aa").release
    assert "bbb2" == records.target(made, "ccc3", "bbb200").release


@pytest.mark.parametrize(
    ("wanted", "why"), [("dd", "begins with dd"), ("a", "begins several"), ("c", "already has the release c")]
)
def test_a_name_that_is_unknown_or_of_several_or_there_is_refused(wanted, why):
    with pytest.raises(Refused, match=why):
        records.target(history("a1", "a2", "c"), "c", wanted)


def test_what_was_turned_back_cannot_be_named():
    with pytest.raises(Refused, match="begins with b"):
        records.target(history("a", "b!", "c"), "c", "b")


def test_code_that_cannot_read_what_is_stored_is_refused():
    with pytest.raises(Refused, match="epoch 1, and the stage holds data of epoch 2"):
        records.target(history("a:1", "b:2"), "b", None)


def test_even_a_release_that_was_turned_back_may_have_written_data():
    with pytest.raises(Refused, match="epoch 3"):
        records.target(history("a:1", "b:1", "c!:3"), "b", None)


def test_an_epoch_that_is_lower_than_what_was_written_is_refused_and_an_equal_one_is_not():
    records.require_readable(2, 2, "it")
    with pytest.raises(Refused):
        records.require_readable(1, 2, "it")


def test_a_record_is_written_and_read_whole():
    (one,) = history("a?")

    assert one == records.read(one.written())
    assert one.key < history("x", "b")[1].key
    assert Outcome.TURNED_BACK is records.read(one.ended(Outcome.TURNED_BACK, "why").written()).outcome


def test_the_list_is_newest_first_and_marks_what_is_there():
    lines = records.listed([*history("a", "b", "c!")], "b")

    assert ["c", "b", "a"] == [line[2:].split()[2] for line in lines[1:]]
    assert ["b"] == [line.split()[3] for line in lines if line.startswith("*")]
    assert "turned back" in lines[1]


def test_an_empty_list_says_so():
    assert ["  no deployment is recorded"] == records.listed([], records.NONE)
