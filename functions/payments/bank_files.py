"""Statements of a bank as entries: camt.053 by the standard library's parser, MT940 by mt-940.

A file that declares a document type is refused before anything of it is expanded; one that is cut short is refused
whole, so that an import is all of a statement or nothing.
"""

import hashlib
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Kind, Refusal
from functions.payments.domain.bank import Entry

_FORBIDDEN: Final = ("<!DOCTYPE", "<!ENTITY")
_MOST_ENTRIES: Final = 2_000


class BadStatement(Refusal):
    code = "bad_statement"
    kind = Kind.RULE
    title = "This is no statement that can be read whole."


def entries(form: str, raw: bytes) -> list[Entry]:
    """The booked entries of a file. Args: form: "camt.053" or "mt940". Raises: BadStatement."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadStatement(reason="not in UTF-8") from None
    found = list(_camt053(text) if form == "camt.053" else _mt940(text))
    if len(found) > _MOST_ENTRIES:
        raise BadStatement(reason=f"more than {_MOST_ENTRIES} entries")
    return found


def _camt053(text: str) -> Iterator[Entry]:
    if any(word in text for word in _FORBIDDEN):
        raise BadStatement(reason="a document type or an entity")
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError):
        raise BadStatement(reason="not well-formed") from None
    statements = root.findall("{*}BkToCstmrStmt/{*}Stmt")
    if not statements or "camt.053." not in root.tag:
        raise BadStatement(reason="no camt.053")
    twins: Counter[tuple[Any, ...]] = Counter()
    for statement in statements:
        account = _text(statement, "{*}Acct/{*}Id/{*}IBAN") or _text(statement, "{*}Acct/{*}Id/{*}Othr/{*}Id")
        for entry in statement.findall("{*}Ntry"):
            status = _text(entry, "{*}Sts/{*}Cd") or _text(entry, "{*}Sts")
            if status == "BOOK":
                yield from _of_entry(entry, account, twins)


def _of_entry(entry: ET.Element, account: str, twins: Counter[tuple[Any, ...]]) -> Iterator[Entry]:
    """One for each detail, since a bank may book several transfers as one entry."""
    # The indicator says which way the money went, also where the entry undoes another one.
    credit = _text(entry, "{*}CdtDbtInd") == "CRDT"
    undoes = _text(entry, "{*}RvslInd") == "true"
    booked = _day(_text(entry, "{*}BookgDt/{*}Dt") or _text(entry, "{*}BookgDt/{*}DtTm"))
    bank_reference = _text(entry, "{*}AcctSvcrRef")
    details = entry.findall("{*}NtryDtls/{*}TxDtls")
    for number, detail in enumerate(details or [entry]):
        amount = detail.find("{*}Amt")
        if amount is None:
            amount = detail.find("{*}AmtDtls/{*}TxAmt/{*}Amt")
        if amount is None and len(details) > 1:
            raise BadStatement(reason="an entry of several transfers without their amounts")
        money = _money(amount if amount is not None else entry.find("{*}Amt"))
        wanted = ("{*}RmtInf/{*}Strd/{*}CdtrRefInf/{*}Ref", "{*}RmtInf/{*}Ustrd", "{*}Refs/{*}EndToEndId")
        parts = [found.text or "" for path in wanted for found in detail.findall(path)]
        text = " ".join([*parts, _text(entry, "{*}AddtlNtryInf")]).strip()
        own = f"{bank_reference}#{number}" if bank_reference else ""
        returned = detail.find("{*}RtrInf")
        reason = _text(detail, "{*}RtrInf/{*}Rsn/{*}Cd") or _text(detail, "{*}RtrInf/{*}Rsn/{*}Prtry")
        made = _entry(own, account, money, credit, booked, text, twins)
        yield replace(made, came_back=credit and (undoes or returned is not None), reason=reason[:35])


def _mt940(text: str) -> Iterator[Entry]:
    import mt940

    if "\n:62F:" not in text.replace("\r", "") or not text.lstrip("\ufeff{ \r\n").startswith((":20:", "1:")):
        raise BadStatement(reason="no closing balance")
    try:
        statement = mt940.parse(text)
        account = str(statement.data.get("account_identification", ""))
        lines = [line.data for line in statement]
    except (ValueError, KeyError, AttributeError, TypeError, RuntimeError, IndexError, ArithmeticError):
        raise BadStatement(reason="no MT940") from None
    twins: Counter[tuple[Any, ...]] = Counter()
    for line in lines:
        amount = line.get("amount")
        if amount is None or line.get("date") is None:
            raise BadStatement(reason="a line without amount or date")
        money = _exact(abs(amount.amount), str(amount.currency))
        words = (
            "purpose",
            "additional_purpose",
            "transaction_details",
            "customer_reference",
            "extra_details",
        )
        told = " ".join(str(line[word]) for word in words if line.get(word))
        booked = line.get("entry_date") or line["date"]
        # A reversed debit (RD) brings money, a reversed credit (RC) takes it.
        credit = line["status"] in ("C", "RD")
        reference = line.get("bank_reference") or ""
        day = date(booked.year, booked.month, booked.day)
        made = _entry(reference, account, money, credit, day, told, twins)
        yield replace(made, came_back=line["status"] == "RD")


def _entry(
    own: str,
    account: str,
    money: Money,
    credit: bool,
    booked: date,
    text: str,
    twins: Counter[tuple[Any, ...]],
) -> Entry:
    """Args: own: the bank's own reference; where it gives none, equal lines of a day are told apart by their number."""
    facts: tuple[Any, ...] = (account, own, money.amount, money.currency, credit, booked.isoformat())
    facts += () if own else (text,)
    twins[facts] += 1
    identity = hashlib.sha256(repr((*facts, twins[facts])).encode()).hexdigest()[:40]
    return Entry(identity, account, money, credit, booked, text[:500])


def _text(element: ET.Element, path: str) -> str:
    found = element.find(path)
    return (found.text or "").strip() if found is not None else ""


def _money(element: ET.Element | None) -> Money:
    if element is None:
        raise BadStatement(reason="an entry without an amount")
    try:
        return _exact(Decimal((element.text or "").strip()), element.get("Ccy", ""))
    except InvalidOperation:
        raise BadStatement(reason="an amount that is no number") from None


def _exact(amount: Decimal, currency: str) -> Money:
    exponent = EXPONENTS.get(currency)
    if exponent is None or not amount.is_finite() or not 0 <= amount < 10**15:
        raise BadStatement(reason="an amount or a currency that is none")
    minor = amount.scaleb(exponent)
    if minor != minor.to_integral_value():
        raise BadStatement(reason="a part of a minor unit")
    return Money(int(minor), currency)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise BadStatement(reason="an entry without its day") from None
