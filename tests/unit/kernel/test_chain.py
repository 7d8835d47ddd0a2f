"""A chain of links, and what somebody with the table in hand but without the key may try."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.chain import ROOT, Fault, Head, Link, headed, link, verified

KEY = b"the key of the seals"


def chain(*bodies: str, key: bytes = KEY) -> tuple[list[Link], Head]:
    links: list[Link] = []
    head: Head | None = None
    for body in bodies:
        links.append(link(key, head, "mbr_1.0", body))
        head = headed(key, links[-1])
    assert head is not None, "a chain has a link"
    return links, head


def kinds(faults: list[Fault]) -> list[tuple[str, int]]:
    return [(fault.kind, fault.sequence) for fault in faults]


@given(st.lists(st.text('ab"\n¤', max_size=5), min_size=1, max_size=6))
def test_what_was_written_is_whole(bodies):
    links, head = chain(*bodies)

    assert [] == verified(KEY, links, head)
    assert ROOT == links[0].previous


def test_nothing_at_all_has_no_fault():
    assert [] == verified(KEY, [], None)


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("change", [{"body": "other"}, {"seal": "0" * 64}, {"previous": "1" * 64}])
def test_a_forged_entry_is_found(at, change):
    links, head = chain("a", "b", "c")
    links[at - 1] = replace(links[at - 1], **change)

    assert ("forged", at) in kinds(verified(KEY, links, head))


@pytest.mark.parametrize("at", [1, 2])
def test_a_dropped_entry_is_found(at):
    links, head = chain("a", "b", "c")
    del links[at - 1]

    assert [("dropped", at)] == kinds(verified(KEY, links, head))


def test_two_entries_that_changed_places_are_found():
    links, head = chain("a", "b", "c", "d")
    links[1], links[2] = replace(links[2], at=2), replace(links[1], at=3)

    assert [("moved", 2), ("moved", 3)] == kinds(verified(KEY, links, head))[:2]


def test_two_entries_that_changed_places_and_numbers_are_found():
    links, head = chain("a", "b", "c", "d")
    links[1], links[2] = replace(links[2], at=2, sequence=2), replace(links[1], at=3, sequence=3)

    assert [("forged", 2), ("forged", 3)] == kinds(verified(KEY, links, head))[:2]


def test_an_entry_of_another_chain_put_here_is_found():
    links, head = chain("a", "b")
    other = link(KEY, Head("mbr_2.0", 1, links[0].seal, ""), "mbr_2.0", "b")

    assert [("forged", 2)] == kinds(verified(KEY, [links[0], replace(other, stream="mbr_1.0")], head))[:1]


def test_an_entry_sealed_with_another_key_is_found():
    links, head = chain("a", "b")
    links[1] = chain("a", "b", key=b"a guess")[0][1]

    assert ("forged", 2) in kinds(verified(KEY, links, head))


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_tail_that_was_cut_off_is_found(left):
    links, head = chain("a", "b", "c")

    assert [("cut", left + 1)] == kinds(verified(KEY, links[:left], head))


def test_a_tail_cut_off_with_a_head_made_for_it_is_found():
    links, head = chain("a", "b", "c")
    made = replace(head, sequence=2, last=links[1].seal)

    assert [("forged", 2)] == kinds(verified(KEY, links[:2], made))


def test_a_head_that_is_gone_is_found():
    links, _ = chain("a", "b")

    assert [("headless", 2)] == kinds(verified(KEY, links, None))


def test_a_tail_cut_off_with_an_older_head_put_back_is_found_by_an_anchor():
    links, head = chain("a", "b", "c")
    older_links, older = links[:2], chain("a", "b")[1]

    assert [] == verified(KEY, older_links, older)
    assert [("cut", 3)] == kinds(verified(KEY, older_links, older, anchor=head))


def test_a_chain_that_vanished_whole_is_found_by_an_anchor():
    _, head = chain("a", "b")

    assert [("cut", 1), ("headless", 0)] == kinds(verified(KEY, [], None, anchor=head))


def test_a_chain_that_grew_since_its_anchor_is_whole():
    links, head = chain("a", "b", "c")

    assert [] == verified(KEY, links, head, anchor=chain("a")[1])


def test_a_chain_written_anew_with_the_key_is_found_by_an_anchor():
    links, head = chain("a", "other", "c")

    assert [("rewritten", 2)] == kinds(verified(KEY, links, head, anchor=chain("a", "b")[1]))


def test_a_part_is_checked_from_its_first_link_on():
    links, head = chain("a", "b", "c")

    assert [] == verified(KEY, links[1:], head, first=2)
    assert [("dropped", 2)] == kinds(verified(KEY, links[2:], head, first=2))


def test_two_copies_of_an_entry_leave_one_that_is_forged():
    links, head = chain("a", "b")
    copy = replace(links[1], at=3)

    assert [("moved", 3), ("forged", 2)] == kinds(verified(KEY, [*links, copy], head))
