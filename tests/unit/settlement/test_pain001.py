"""A payout file by worked examples and by the schema of ISO 20022; its sums are those of its payouts."""

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money
from functions.settlement import pain001
from functions.settlement.domain.banking import Debtor
from functions.settlement.domain.destinations import Account, NotLatin, Through, latin
from functions.settlement.domain.payout_files import Order, PayoutFile
from functions.settlement.domain.payouts import end_to_end
from functions.settlement.pain001 import Transfer, rendered

OPENED = datetime(2026, 11, 26, 4, 30, 12, 345678, tzinfo=UTC)
FILE_ID = "pof_01JD0000000000000000000001"
PAYOUTS = ("pot_01JD0000000000000000000001", "pot_01JD0000000000000000000002")
MILAN = Account(Through.BANK, "IT60X0542811101000000123456", "Porcellana Srl & Figli", "IT", "BPMOIT22XXX")
BERLIN = Account(Through.BANK, "DE89370400440532013000", "Töpferei Groß", "DE")
ANKARA = Account(Through.BANK, "TR330006100519786457841326", "Kutahya Seramik", "TR", "TEBUTRISXXX")
THIRD = "pot_01JD0000000000000000000003"
AUSTIN = Account(Through.BANK, "000987654321", "Clay Inc.", "US", "", "USABA", "021000089")


def debtor(currency: str = "EUR") -> Debtor:
    if currency == "USD":
        return Debtor(
            ("test",), currency, date(2026, 1, 1), "house", "Entrepot", "US", "000123456789", "",
            "CITIUS33XXX", "USABA", "021000089",
        )  # fmt: skip
    return Debtor(
        ("test",), currency, date(2026, 1, 1), "house", "Entrepôt SA", "DE", "DE89370400440532013000", "",
        "COBADEFFXXX",
    )  # fmt: skip


def of(currency: str, *sent: tuple[str, int, Account]) -> tuple[PayoutFile, list[Transfer]]:
    orders = tuple(Order(payout_id, amount, "pdn_1", "") for payout_id, amount, _ in sent)
    file = PayoutFile(FILE_ID, debtor(currency), OPENED).with_part(orders)
    return file, [
        Transfer(payout_id, Money(amount, currency), account) for payout_id, amount, account in sent
    ]


def schema(version: str) -> Any:
    return xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / f"pain.001.001.{version}.xsd"))


@pytest.fixture(scope="module")
def schema_of_2019() -> Any:
    return schema("09")


def texts(xml: bytes, path: str) -> list[str]:
    return [found.text or "" for found in ET.fromstring(xml).iterfind(path.replace("/", "/{*}"))]


def test_two_payouts_in_euro_are_one_sepa_file(schema_of_2019):
    file, sent = of("EUR", (PAYOUTS[0], 4400, MILAN), (PAYOUTS[1], 123456, BERLIN))

    xml = rendered(file, sent)

    schema_of_2019.validate(xml.decode())
    assert ["POF01JD0000000000000000000001"] == texts(xml, "./CstmrCdtTrfInitn/GrpHdr/MsgId")
    assert ["2026-11-26T04:30:12Z"] == texts(xml, "./CstmrCdtTrfInitn/GrpHdr/CreDtTm")
    for place in ("GrpHdr", "PmtInf"):
        assert ["2"] == texts(xml, f"./CstmrCdtTrfInitn/{place}/NbOfTxs")
        assert ["1278.56"] == texts(xml, f"./CstmrCdtTrfInitn/{place}/CtrlSum")
    payment = "./CstmrCdtTrfInitn/PmtInf"
    assert ["SEPA"] == texts(xml, f"{payment}/PmtTpInf/SvcLvl/Cd")
    assert ["SLEV"] == texts(xml, f"{payment}/ChrgBr")
    assert ["Entrepot SA"] == texts(xml, f"{payment}/Dbtr/Nm")
    transfer = f"{payment}/CdtTrfTxInf"
    assert [end_to_end(each) for each in PAYOUTS] == texts(xml, f"{transfer}/PmtId/EndToEndId")
    assert ["44.00", "1234.56"] == texts(xml, f"{transfer}/Amt/InstdAmt")
    assert ["Porcellana Srl + Figli", "Topferei Gross"] == texts(xml, f"{transfer}/Cdtr/Nm")
    assert [MILAN.number, BERLIN.number] == texts(xml, f"{transfer}/CdtrAcct/Id/IBAN")
    assert ["BPMOIT22XXX"] == texts(xml, f"{transfer}/CdtrAgt/FinInstnId/BICFI")


def test_a_file_in_another_currency_names_clearing_codes_and_is_no_sepa(schema_of_2019):
    file, sent = of("USD", (PAYOUTS[0], 100005, AUSTIN))

    xml = rendered(file, sent)

    schema_of_2019.validate(xml.decode())
    payment = "./CstmrCdtTrfInitn/PmtInf"
    assert [] == texts(xml, f"{payment}/PmtTpInf/SvcLvl/Cd")
    assert ["SHAR"] == texts(xml, f"{payment}/ChrgBr")
    member = f"{payment}/CdtTrfTxInf/CdtrAgt/FinInstnId/ClrSysMmbId"
    assert (["USABA"], ["021000089"]) == (texts(xml, f"{member}/ClrSysId/Cd"), texts(xml, f"{member}/MmbId"))
    assert ["000987654321"] == texts(xml, f"{payment}/CdtTrfTxInf/CdtrAcct/Id/Othr/Id")
    assert ["1000.05"] == texts(xml, f"{payment}/CdtTrfTxInf/Amt/InstdAmt")


def test_in_euro_what_sepa_does_not_reach_is_an_instruction_of_its_own(schema_of_2019):
    """ANKARA is the example of the IBAN registry for Turkiye."""
    file, sent = of("EUR", (PAYOUTS[0], 4400, MILAN), (PAYOUTS[1], 100, ANKARA), (THIRD, 30, AUSTIN))

    xml = rendered(file, sent)

    schema_of_2019.validate(xml.decode())
    sepa, plain = ET.fromstring(xml).iterfind("./{*}CstmrCdtTrfInitn/{*}PmtInf")
    assert ["SEPA"] == [each.text for each in sepa.iterfind("{*}PmtTpInf/{*}SvcLvl/{*}Cd")]
    assert [] == list(plain.iterfind("{*}PmtTpInf"))
    for payment, count, total, charges in ((sepa, "1", "44.00", "SLEV"), (plain, "2", "1.30", "SHAR")):
        assert (count, total, charges) == tuple(
            payment.findtext(f"{{*}}{name}") for name in ("NbOfTxs", "CtrlSum", "ChrgBr")
        )
    assert [ANKARA.bic] == [
        each.text for each in plain.iterfind("{*}CdtTrfTxInf/{*}CdtrAgt/{*}FinInstnId/{*}BICFI")
    ]
    assert ["3"] == texts(xml, "./CstmrCdtTrfInitn/GrpHdr/NbOfTxs")
    assert ["45.30"] == texts(xml, "./CstmrCdtTrfInitn/GrpHdr/CtrlSum")
    assert 2 == len(set(texts(xml, "./CstmrCdtTrfInitn/PmtInf/PmtInfId")))


def test_a_currency_without_decimals_is_written_without_them(schema_of_2019):
    file, sent = of("JPY", (PAYOUTS[0], 5000, BERLIN))

    xml = rendered(file, sent)

    schema_of_2019.validate(xml.decode())
    assert ["5000"] == texts(xml, "./CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Amt/InstdAmt")


def test_the_same_file_is_the_same_bytes():
    file, sent = of("EUR", (PAYOUTS[0], 4400, MILAN))

    assert rendered(file, sent) == rendered(file, list(sent))


def test_a_file_that_is_not_the_sum_of_its_payouts_is_never_written():
    file, sent = of("EUR", (PAYOUTS[0], 4400, MILAN), (PAYOUTS[1], 1, BERLIN))

    with pytest.raises(AssertionError):
        rendered(file, sent[:1])


@pytest.mark.parametrize("text", ["景德镇陶瓷", "<script>", "", " ", "a\nb\x00"])
def test_a_name_in_other_letters_is_refused(text):
    with pytest.raises(NotLatin):
        latin(text, "holder")


@settings(max_examples=60, deadline=None)
@given(
    currency=st.sampled_from(["EUR", "USD", "JPY", "CNY", "GBP"]),
    amounts=st.lists(st.integers(1, 10**11), min_size=1, max_size=40),
)
def test_the_sums_of_a_file_are_those_of_its_payouts(currency, amounts):
    sent = [(f"pot_{number:026}", amount, MILAN) for number, amount in enumerate(amounts)]
    file, transfers = of(currency, *sent)

    root = ET.fromstring(rendered(file, transfers))

    def minor(text: str | None) -> int:
        assert text is not None
        whole, _, part = text.partition(".")
        assert EXPONENTS[currency] == len(part)
        return int(whole + part)

    written = [minor(each.text) for each in root.iterfind(".//{*}InstdAmt")]
    assert amounts == written
    assert [sum(amounts)] * 2 == [minor(each.text) for each in root.iterfind(".//{*}CtrlSum")]
    assert [str(len(amounts))] * 2 == [each.text for each in root.iterfind(".//{*}NbOfTxs")]
    references = [each.text for each in root.iterfind(".//{*}EndToEndId")]
    assert len(references) == len(set(references))
    assert pain001.NAMESPACE in root.tag
