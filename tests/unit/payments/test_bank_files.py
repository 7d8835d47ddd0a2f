"""Statements become entries, each of one identity for ever; what is hostile or cut short is refused whole."""

from datetime import date

import pytest

from entrepot.kernel.money import Money
from functions.payments.bank_files import BadStatement, entries
from tests.support.bank import IBAN, camt, camt_entry, mt940

BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>&lol2;</BkToCstmrStmt></Document>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><d>&f;</d>"""


def test_a_credit_of_camt_053_is_read_whole() -> None:
    (entry,) = entries("camt.053", camt([camt_entry("120.50", "RF18539007547034 Anna", "B1")]))

    assert (Money(12_050, "EUR"), True, IBAN) == (entry.money, entry.credit, entry.account)
    assert (date(2026, 11, 25), "RF18539007547034 Anna") == (entry.booked_on, entry.text)


def test_a_credit_of_mt940_is_read_whole() -> None:
    (entry,) = entries("mt940", mt940([("120,50", "RF18539007547034", "B1")]))

    assert (Money(12_050, "EUR"), True, IBAN) == (entry.money, entry.credit, entry.account)
    assert date(2026, 11, 25) == entry.booked_on
    assert "RF18539007547034" in entry.text


def test_a_debit_and_a_reversed_credit_take_money() -> None:
    debit = camt_entry("1.00", "fee", "B1", side="DBIT")
    reversed_credit = undone(camt_entry("1.00", "back", "B2", side="DBIT"))

    assert [False, False] == [entry.credit for entry in entries("camt.053", camt([debit, reversed_credit]))]


def test_a_reversed_debit_brings_money_back() -> None:
    """The indicator is that of the entry itself: CRDT with a reversal undoes a debit (ISO 20022, ReversalIndicator)."""
    (of_camt,) = entries("camt.053", camt([undone(camt_entry("1.00", "back", "B2"))]))
    (of_mt940,) = entries("mt940", mt940([("1,00", "back", "B2")]).replace(b"1125C1,00", b"1125RD1,00"))

    assert (True, True, "") == (of_camt.credit, of_camt.came_back, of_camt.reason)
    assert (True, True) == (of_mt940.credit, of_mt940.came_back)


def test_a_return_says_why() -> None:
    returned = camt_entry("1.00", "back", "B2").replace(
        "</TxDtls>", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>"
    )

    (entry,) = entries("camt.053", camt([returned]))

    assert (True, True, "AC04") == (entry.credit, entry.came_back, entry.reason)


def undone(entry: str) -> str:
    return entry.replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")


def test_what_is_not_booked_is_left_for_the_next_statement() -> None:
    pending = camt_entry("1.00", "", "B1").replace("BOOK", "PDNG")

    assert [] == entries("camt.053", camt([pending]))


def test_an_entry_keeps_its_identity_in_an_overlapping_statement() -> None:
    one, two, three = (camt_entry("1.00", f"t{number}", f"B{number}") for number in (1, 2, 3))

    first = [entry.identity for entry in entries("camt.053", camt([one, two]))]
    second = [entry.identity for entry in entries("camt.053", camt([two, three]))]

    assert first[1] == second[0]
    assert 3 == len({*first, *second})


def test_equal_transfers_without_the_banks_reference_are_two() -> None:
    twins = [camt_entry("1.00", "same", "") for _ in range(2)]

    assert 2 == len({entry.identity for entry in entries("camt.053", camt(twins))})


def test_several_transfers_booked_as_one_entry_are_told_apart() -> None:
    detail = '<TxDtls><Amt Ccy="EUR">{}</Amt><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls>'
    whole = camt_entry("3.00", "", "B1")
    head, _, _ = whole.partition("<NtryDtls>")
    batch = f"{head}<NtryDtls>{detail.format('1.00', 'a')}{detail.format('2.00', 'b')}</NtryDtls></Ntry>"

    found = entries("camt.053", camt([batch]))

    assert [(100, "a"), (200, "b")] == [(entry.money.amount, entry.text) for entry in found]
    assert 2 == len({entry.identity for entry in found})


@pytest.mark.parametrize(
    "raw",
    [
        BOMB,
        OUTSIDE,
        camt([camt_entry("1.00", "", "B1")])[:-40],
        camt([]).replace(b"Stmt>", b"Rpt>"),
        camt([camt_entry("1.005", "", "B1")]),
        camt([camt_entry("1.00", "", "B1", currency="XXX")]),
        camt([camt_entry("NaN", "", "B1")]),
        camt([camt_entry("1.00", "", "B1").replace("2026-11-25", "soon")]),
        camt([camt_entry("1.00", "", "B1")]).decode().encode("utf-16"),
        b"",
        b"<a/>",
    ],
    ids=[
        "bomb",
        "outside",
        "cut",
        "report",
        "half cent",
        "currency",
        "number",
        "day",
        "utf-16",
        "empty",
        "other",
    ],
)
def test_a_hostile_or_broken_camt_is_refused_whole(raw: bytes) -> None:
    with pytest.raises(BadStatement):
        entries("camt.053", raw)


@pytest.mark.parametrize(
    "raw", [b"", b"hello", mt940([("1,00", "x", "B1")]).partition(b":62F:")[0], b":20:x\r\n\n:62F:y"]
)
def test_a_broken_mt940_is_refused_whole(raw: bytes) -> None:
    with pytest.raises(BadStatement):
        entries("mt940", raw)
