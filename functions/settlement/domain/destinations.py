"""Where a merchant's payouts go, one destination for each currency, and when money may go there."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from unicodedata import combining, normalize

from entrepot.kernel.refusals import Kind, Refusal

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d",
     "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "’": "'", "‘": "'", "–": "-", "&": "+"}
)  # fmt: skip
_ALLOWED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")

_SHOWN: Final = 4
_HIDDEN: Final = 4


class Through(StrEnum):
    """Who brings the money there."""

    STRIPE = "stripe"
    BANK = "bank"


class NotLatin(Refusal):
    """Banks know their customers in Latin letters (EPC217-08, SEPA's character set). Facts: `field`."""

    code: ClassVar[str] = "not_in_latin_letters"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "Write the holder's name in Latin letters, as the bank does."


@dataclass(frozen=True, slots=True)
class Account:
    """An account that payouts reach, in clear: only ever in memory, and sealed where it is kept.

    Through Stripe `number` is the connected account's id and all else is empty. At a bank it is an IBAN, or where there
    is none the local number, with the bank's code in the clearing system that `clearing` names (ISO 20022, external
    code set ClearingSystemIdentification).
    """

    through: Through
    number: str
    holder: str = ""
    country: str = ""  # of the bank
    bic: str = ""
    clearing: str = ""
    member: str = ""

    @property
    def iban(self) -> bool:
        return self.through is Through.BANK and not self.clearing

    @property
    def masked(self) -> str:
        """Enough to tell one's own accounts apart: `DE****3000`, `acct_****9xYz`; four signs at least are hidden."""
        head = "acct_" if self.through is Through.STRIPE else self.country
        hidden = max(_HIDDEN, len(self.number) - _SHOWN)
        return f"{head}****{self.number[hidden:]}"


@dataclass(frozen=True, slots=True)
class Destination:
    """A merchant's destination for one currency. `sealed` is its `Account`.

    `stopped` says why nothing goes there until the merchant sets it anew: the reason of a payout that came back.
    """

    destination_id: str
    merchant_id: str
    currency: str
    through: Through
    masked: str
    sealed: str
    set_by: str  # the member
    set_at: datetime  # UTC
    usable_from: datetime  # UTC
    stopped: str = ""

    def usable(self, now: datetime) -> bool:
        return not self.stopped and self.usable_from <= now

    def stop(self, reason: str) -> "Destination":
        return replace(self, stopped=reason)


def latin(text: str, field: str) -> str:
    """A text in the letters that every bank takes, accents dropped. Raises: NotLatin."""
    plain = "".join(each for each in normalize("NFKD", text.translate(_LETTERS)) if not combining(each))
    if not set(plain) <= _ALLOWED or not plain.strip():
        raise NotLatin(field=field)
    return " ".join(plain.split())
