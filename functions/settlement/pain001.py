"""Payout files as banks read them: ISO 20022 pain.001.001.09, customer credit transfer initiation.

What goes in euro to an IBAN within SEPA is a SEPA credit transfer (EPC132-08, customer-to-bank implementation
guidelines): service level SEPA, charges shared (SLEV). All else is plain, with the BIC or the clearing codes of the
country, in a payment instruction of its own.
Every identification is made of an id of ours, so the same file is always the same bytes.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money
from functions.settlement.domain.banking import Debtor
from functions.settlement.domain.destinations import Account, latin
from functions.settlement.domain.payout_files import PayoutFile
from functions.settlement.domain.payouts import end_to_end
from functions.settlement.payout_terms import payout_data

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_MOST_LETTERS: Final = 70
"""Of a name, in SEPA."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payout of a file, with the account that it goes to in clear."""

    payout_id: str
    amount: Money
    account: Account


def rendered(file: PayoutFile, transfers: Sequence[Transfer]) -> bytes:
    """The file as XML in UTF-8: first what goes by SEPA, then the rest, each in the order given."""
    assert file.total == sum(each.amount.amount for each in transfers), "a file is the sum of its payouts"
    by_sepa = [each for each in transfers if _sepa(file.debtor, each)]
    plain = [each for each in transfers if not _sepa(file.debtor, each)]
    root = ET.Element("Document", xmlns=NAMESPACE)
    message = ET.SubElement(root, "CstmrCdtTrfInitn")
    header = ET.SubElement(message, "GrpHdr")
    _text(header, "MsgId", end_to_end(file.file_id))
    _text(header, "CreDtTm", file.opened_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _sums(header, transfers)
    _text(ET.SubElement(header, "InitgPty"), "Nm", _name(file.debtor.holder))
    reference = end_to_end(file.file_id)
    for name, some in ((reference, by_sepa), (f"{reference}X" if by_sepa else reference, plain)):
        if some:
            _payment(message, file, name, some)
    ET.indent(root, " ")
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _sepa(debtor: Debtor, transfer: Transfer) -> bool:
    return not debtor.clearing and payout_data().sepa.reaches(transfer.account, debtor.currency)


def _payment(message: ET.Element, file: PayoutFile, name: str, transfers: Sequence[Transfer]) -> None:
    """Transfers that are all of one kind."""
    debtor = file.debtor
    sepa = _sepa(debtor, transfers[0])
    payment = ET.SubElement(message, "PmtInf")
    _text(payment, "PmtInfId", name)
    _text(payment, "PmtMtd", "TRF")
    # Each booked by itself, so that the statement names each payout.
    _text(payment, "BtchBookg", "false")
    _sums(payment, transfers)
    if sepa:
        _text(ET.SubElement(ET.SubElement(payment, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _text(ET.SubElement(payment, "ReqdExctnDt"), "Dt", file.opened_at.date().isoformat())
    _text(ET.SubElement(payment, "Dbtr"), "Nm", _name(debtor.holder))
    account = _account(ET.SubElement(payment, "DbtrAcct"), debtor)
    _text(account, "Ccy", debtor.currency)
    _agent(ET.SubElement(payment, "DbtrAgt"), debtor)
    _text(payment, "ChrgBr", "SLEV" if sepa else "SHAR")
    for transfer in transfers:
        _transfer(payment, transfer)


def _transfer(payment: ET.Element, transfer: Transfer) -> None:
    reference, account = end_to_end(transfer.payout_id), transfer.account
    info = ET.SubElement(payment, "CdtTrfTxInf")
    identified = ET.SubElement(info, "PmtId")
    _text(identified, "InstrId", reference)
    _text(identified, "EndToEndId", reference)
    amount = _text(ET.SubElement(info, "Amt"), "InstdAmt", _major(transfer.amount))
    amount.set("Ccy", transfer.amount.currency)
    if account.bic or account.member:
        _agent(ET.SubElement(info, "CdtrAgt"), account)
    _text(ET.SubElement(info, "Cdtr"), "Nm", _name(account.holder))
    _account(ET.SubElement(info, "CdtrAcct"), account)
    _text(ET.SubElement(info, "RmtInf"), "Ustrd", f"Entrepot payout {reference}")


def _account(element: ET.Element, account: Account | Debtor) -> ET.Element:
    identified = ET.SubElement(element, "Id")
    if account.clearing:
        _text(ET.SubElement(identified, "Othr"), "Id", account.number)
    else:
        _text(identified, "IBAN", account.number)
    return element


def _agent(element: ET.Element, account: Account | Debtor) -> None:
    bank = ET.SubElement(element, "FinInstnId")
    if account.bic:
        _text(bank, "BICFI", account.bic)
    if account.clearing:
        member = ET.SubElement(bank, "ClrSysMmbId")
        _text(ET.SubElement(member, "ClrSysId"), "Cd", account.clearing)
        _text(member, "MmbId", account.member)


def _sums(element: ET.Element, transfers: Sequence[Transfer]) -> None:
    _text(element, "NbOfTxs", str(len(transfers)))
    total = Money(sum(each.amount.amount for each in transfers), transfers[0].amount.currency)
    _text(element, "CtrlSum", _major(total))


def _text(element: ET.Element, name: str, text: str) -> ET.Element:
    made = ET.SubElement(element, name)
    made.text = text
    return made


def _name(holder: str) -> str:
    return latin(holder, "holder")[:_MOST_LETTERS].strip()


def _major(money: Money) -> str:
    return f"{Decimal(money.amount).scaleb(-EXPONENTS[money.currency]):f}"
