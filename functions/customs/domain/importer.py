"""Who imports into China: the resident identity number, and the person's quota.

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

_SHAPE: Final = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_SHANGHAI: Final = timezone(timedelta(hours=8))  # without summer time since 1991
_LONGEST_NAME: Final = 64


class InvalidIdentity(Refusal):
    """Facts: `field`. Never the value."""

    code: ClassVar[str] = "invalid_identity"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "This is no valid importer identity."


@dataclass(frozen=True, slots=True)
class ImporterIdentity:
    """A checked identity, number in upper case. Its representation hides the person."""

    kind: str
    name: str = field(repr=False)
    number: str = field(repr=False)


def check_identity(kind: str, name: str, number: str) -> ImporterIdentity:
    """A well-formed identity; whether that person exists only the authority knows.

    Raises: InvalidIdentity: another kind, no name, or a number of wrong form, birth date or check digit.
    Source: GB 11643-1999, citizen identification number; check digit of ISO 7064:1983, MOD 11-2.
    """
    if kind != CN_RESIDENT_ID:
        raise InvalidIdentity(f"The kind of identity is {CN_RESIDENT_ID}.", field="importer_identity.kind")
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidIdentity(field="importer_identity.name")
    upper = number.strip().upper()
    if not (_SHAPE.fullmatch(upper) and _is_day(upper[6:14]) and _check_digit(upper) == upper[17]):
        raise InvalidIdentity("The number or its check digit is wrong.", field="importer_identity.number")
    return ImporterIdentity(kind, name.strip(), upper)


def identity_hash(number: str, key: bytes) -> str:
    """The name under which a person's quota is kept: HMAC-SHA-256 of the number, in hexadecimal.

    Rows do not show the number, and nobody without the key can try numbers out.

    Raises: ValueError: the key is shorter than 16 bytes.
    """
    if len(key) < 16:
        raise ValueError("the identity key needs 16 bytes or more")
    message = f"{CN_RESIDENT_ID}\0{number.strip().upper()}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def quota_year(moment: datetime) -> int:
    """The calendar year in Asia/Shanghai, in which a quota counts."""
    return moment.astimezone(_SHANGHAI).year


def _check_digit(number: str) -> str:
    weighted = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return _CHECKS[weighted % 11]


def _is_day(text: str) -> bool:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).year >= 1880
    except ValueError:
        return False
