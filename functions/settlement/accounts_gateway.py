"""python-stdnum: whether an account's number and its bank's code can be what they are said to be."""

import re
from typing import ClassVar, Final

from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError
from stdnum.nz import bankaccount
from stdnum.us import rtn

from entrepot.kernel.refusals import Kind, Refusal
from functions.settlement.domain.banking import LocalForm
from functions.settlement.domain.destinations import Account, Through, latin

_NOISE: Final = re.compile(r"[\s.-]")


class BadAccount(Refusal):
    """The number has a wrong check digit, length or form. Facts: `field`."""

    code: ClassVar[str] = "bad_account"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "No bank has an account of this number."


def with_iban(holder: str, number: str, bic: str) -> Account:
    """An account in a country with IBANs. Its bank's BIC may be left out within SEPA.

    Raises: BadAccount, NotLatin.
    """
    try:
        iban = ibans.validate(number)
    except ValidationError:
        raise BadAccount(field="iban") from None
    return Account(Through.BANK, iban, latin(holder, "holder"), iban[:2], _bic(bic) if bic else "")


def local(form: LocalForm, holder: str, member: str, number: str, bic: str) -> Account:
    """An account where there is no IBAN. Raises: BadAccount, NotLatin."""
    member, number = _NOISE.sub("", member), _NOISE.sub("", number)
    if not re.fullmatch(form.member, member):
        raise BadAccount(field="bank_code")
    if not re.fullmatch(form.number, number):
        raise BadAccount(field="account_number")
    try:
        if form.checked == "us.rtn":
            rtn.validate(member)
    except ValidationError:
        raise BadAccount(field="bank_code") from None
    try:
        if form.checked == "nz.bankaccount":
            bankaccount.validate(member + number)
    except ValidationError:
        raise BadAccount(field="account_number") from None
    return Account(
        Through.BANK,
        number,
        latin(holder, "holder"),
        form.country,
        _bic(bic) if bic else "",
        form.clearing,
        member,
    )


def _bic(text: str) -> str:
    try:
        found: str = bics.validate(text)
    except ValidationError:
        raise BadAccount(field="bic") from None
    return found
