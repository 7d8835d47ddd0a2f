"""The reference that a payer puts on a bank transfer: `RF`, two check digits, and a body that names the payment.

Source: ISO 11649 (creditor reference): the check digits make the number mod 97 equal to 1, where the first four
characters are moved to the end and each letter counts as two digits, A = 10 to Z = 35.
"""

import re
from typing import Final

_SHAPE: Final = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}")
_BODY: Final = 16  # the random part of an id: 80 bits


def reference_of(payment_id: str) -> str:
    """The reference of a payment: it is the payment's own, for its body is the random part of the id."""
    return creditor_reference(payment_id[-_BODY:])


def creditor_reference(body: str) -> str:
    """`RF18539007547034` of `539007547034`.

    Raises: ValueError: the body is not 1 to 21 letters and digits.
    """
    if not re.fullmatch(r"[0-9A-Z]{1,21}", body):
        raise ValueError("the body of a reference is 1 to 21 digits and capital letters")
    return f"RF{98 - _number(body + 'RF00') % 97:02d}{body}"


def is_reference(text: str) -> bool:
    """Whether the text is a creditor reference whose digits check; in print form (blanks) it is not."""
    return _SHAPE.fullmatch(text) is not None and _number(text[4:] + text[:4]) % 97 == 1


def references_in(text: str) -> tuple[str, ...]:
    """Our references in what a payer wrote, however it is spaced or hyphenated, each once, in order."""
    packed = re.sub(r"[^0-9A-Z]", "", text.upper())
    length = 4 + _BODY
    starts = (match.start() for match in re.finditer("RF(?=[0-9]{2})", packed))
    found = (packed[start : start + length] for start in starts)
    return tuple(dict.fromkeys(each for each in found if len(each) == length and is_reference(each)))


def _number(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text))
