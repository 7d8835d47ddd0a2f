"""Who imports into China: a person by resident identity number, with a quota, or an enterprise in general trade.

Nothing here puts a name or a number into a refusal, a representation or a log.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import ClassVar, Final

from entrepot.kernel.refusals import Kind, Refusal

CN_RESIDENT_ID: Final = "cn_resident_id"
CN_ENTERPRISE: Final = "cn_enterprise"

_SHAPE: Final = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_SHANGHAI: Final = timezone(timedelta(hours=8))  # without summer time since 1991
_LONGEST_NAME: Final = {CN_RESIDENT_ID: 64, CN_ENTERPRISE: 100}
_CREDIT_CODE: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class InvalidIdentity(Refusal):
    """Facts: `field`. Never the value."""

    code: ClassVar[str] = "invalid_identity"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "This is no valid importer identity."


@dataclass(frozen=True, slots=True)
class ImporterIdentity:
    """A checked identity, number in upper case. Its representation hides who it is.

    `kind` is `cn_resident_id` of a person, or `cn_enterprise`: an enterprise that is on record with China's customs.
    """

    kind: str
    name: str = field(repr=False)
    number: str = field(repr=False)

    @property
    def is_person(self) -> bool:
        return self.kind == CN_RESIDENT_ID


def check_identity(kind: str, name: str, number: str) -> ImporterIdentity:
    """A well-formed identity; whether it exists, and whether customs has an enterprise on record, they know.

    Raises: InvalidIdentity: another kind, no name, or a number of wrong form, birth date or check digit.
    Source: GB 11643-1999, citizen identification number, with the check digit of ISO 7064:1983, MOD 11-2;
        GB 32100-2015, unified social credit code of legal persons, MOD 31.
    """
    if kind not in _LONGEST_NAME:
        known = " or ".join(_LONGEST_NAME)
        raise InvalidIdentity(f"The kind of identity is {known}.", field="importer_identity.kind")
    if not name.strip() or len(name) > _LONGEST_NAME[kind] or not name.isprintable():
        raise InvalidIdentity(field="importer_identity.name")
    upper = number.strip().upper()
    if not (_is_resident(upper) if kind == CN_RESIDENT_ID else _is_enterprise(upper)):
        raise InvalidIdentity("The number or its check digit is wrong.", field="importer_identity.number")
    return ImporterIdentity(kind, name.strip(), upper)


def identity_hash(number: str, key: bytes, kind: str = CN_RESIDENT_ID) -> str:
    """The name under which an importer is found, and a person's quota kept: HMAC-SHA-256 of the number, hexadecimal.

    Rows do not show the number, and nobody without the key can try numbers out.

    Raises: ValueError: the key is shorter than 16 bytes.
    """
    if len(key) < 16:
        raise ValueError("the identity key needs 16 bytes or more")
    message = f"{kind}\0{number.strip().upper()}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def quota_year(moment: datetime) -> int:
    """The calendar year in Asia/Shanghai, in which a quota counts."""
    return moment.astimezone(_SHANGHAI).year


def _is_resident(number: str) -> bool:
    shaped = _SHAPE.fullmatch(number) is not None
    return shaped and _is_day(number[6:14]) and _check_digit(number) == number[17]


def _is_enterprise(code: str) -> bool:
    if len(code) != 18 or any(letter not in _CREDIT_CODE for letter in code):
        return False
    weighted = sum(_CREDIT_CODE.index(letter) * pow(3, place, 31) for place, letter in enumerate(code[:17]))
    return _CREDIT_CODE[-weighted % 31] == code[17]


def _check_digit(number: str) -> str:
    weighted = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return _CHECKS[weighted % 11]


def _is_day(text: str) -> bool:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).year >= 1880
    except ValueError:
        return False
