"""Creditor references: ISO 11649."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.payments.domain.reference import creditor_reference, is_reference, reference_of, references_in

PAYMENT = "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV"
bodies = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=21)


@pytest.mark.parametrize("example", ["RF18539007547034", "RF712348231", "RF332348236"])
def test_worked_examples_check(example: str) -> None:
    assert is_reference(example)
    assert example == creditor_reference(example[4:])


@pytest.mark.parametrize(
    "text", ["RF19539007547034", "RF18539007547043", "RF18 5390 0754 7034", "rf18539007547034", "", "RF00"]
)
def test_what_does_not_check_is_none(text: str) -> None:
    assert not is_reference(text)


@given(bodies)
def test_every_reference_made_checks(body: str) -> None:
    assert is_reference(creditor_reference(body))


@given(bodies, st.data())
def test_one_wrong_character_is_noticed(body: str, data: st.DataObject) -> None:
    right = creditor_reference(body)
    place = data.draw(st.integers(4, len(right) - 1))
    kind = "0123456789" if right[place].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    other = data.draw(st.sampled_from(kind).filter(lambda letter: letter != right[place]))

    assert not is_reference(right[:place] + other + right[place + 1 :])


def test_a_payments_reference_is_found_however_it_is_written() -> None:
    mine = reference_of(PAYMENT)
    spaced = " ".join(mine[at : at + 4] for at in range(0, len(mine), 4)).lower()

    assert (mine,) == references_in(f"Rechnung RF99, danke: {spaced} / Anna")
    assert (mine,) == references_in(f"{mine} {mine}")
    assert () == references_in("RF18539007547034 is another's, and RF00 is none")


@pytest.mark.parametrize("body", ["", "a", "A B", "1" * 22])
def test_a_body_that_is_none_is_an_error(body: str) -> None:
    with pytest.raises(ValueError, match="1 to 21"):
        creditor_reference(body)
