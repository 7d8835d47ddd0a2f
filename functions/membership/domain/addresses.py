"""E-mail addresses: one strict rule, and one spelling under which an address is found again.

Nothing is looked up in the DNS. The local part is ASCII, because the mail service delivers to no other; that
also ends look-alikes there. A domain may be written in its own script and is kept as its ASCII form (RFC
5891), so that two spellings of one domain are one address and two domains that only look alike never are.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal

_LONGEST: Final = 254  # characters of a whole address, RFC 5321
_LOCAL: Final = re.compile(
    r"(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@"
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOP: Final = re.compile(r"(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")
_TOGETHER: Final = (  # scripts that one word of a language mixes
    frozenset(("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "LATIN")),
    frozenset(("CJK", "HANGUL", "LATIN")),
)


class InvalidEmail(Refusal):
    code = "invalid_email"
    kind = Kind.MALFORMED
    title = "This is no e-mail address that mail can be sent to."


@dataclass(frozen=True, slots=True)
class Email:
    """An address as it is written to: the local part as given, the domain in lower-case ASCII."""

    text: str

    @property
    def lookup(self) -> str:
        """The spelling that accounts are found by: upper and lower case make no second account."""
        return self.text.lower()


def email(text: str) -> Email:
    """The address that `text` spells.

    Raises: InvalidEmail: it is none, holds a control character or white space, or its domain is written with
        compatibility characters or with letters of several scripts.
    """
    local = _LOCAL.match(text)
    if len(text) > _LONGEST or local is None:
        raise InvalidEmail(field="email")
    address = local[0] + _domain(text[local.end() :])
    if len(address) > _LONGEST:
        raise InvalidEmail(field="email")
    return Email(address)


def _domain(text: str) -> str:
    labels = text.lower().split(".")
    if len(labels) < 2 or unicodedata.normalize("NFKC", text) != text:
        raise InvalidEmail(field="email")
    written = [_label(label) for label in labels]
    if not _TOP.fullmatch(written[-1]):
        raise InvalidEmail(field="email")
    return ".".join(written)


def _label(label: str) -> str:
    """A label of a domain in ASCII. What does not come back as it went in was a look-alike."""
    try:
        ascii_form = label.encode("idna").decode()
        shown = ascii_form.encode().decode("idna")
    except UnicodeError:
        raise InvalidEmail(field="email") from None
    as_given = label in (shown, ascii_form)
    if not (as_given and _LABEL.fullmatch(ascii_form) and _one_script(shown)):
        raise InvalidEmail(field="email")
    return ascii_form


def _one_script(label: str) -> bool:
    if label.isascii():
        return True
    scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in label if letter.isalpha()}
    return len(scripts) <= 1 or any(scripts <= together for together in _TOGETHER)
