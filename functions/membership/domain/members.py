"""Members, their passwords, codes and sessions."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from entrepot.kernel.countries import COUNTRIES
from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.refusals import Kind, Refusal
from functions.membership.domain.merchants import UnknownCountry, UnknownCurrency

PASSWORD_SHORTEST: Final = 10
PASSWORD_LONGEST: Final = 128
NICKNAME_LONGEST: Final = 50
DEFAULT_LOCALE: Final = "en"

REGISTRATION_CODE_LIFE: Final = timedelta(minutes=15)
SIGN_IN_CODE_LIFE: Final = timedelta(minutes=5)
CONTACT_CODE_LIFE: Final = timedelta(minutes=15)
PASSWORD_CODE_LIFE: Final = timedelta(minutes=15)
INVITATION_CODE_LIFE: Final = timedelta(days=7)
CODE_TRIES: Final = 5
CODE_DIGITS: Final = 6

ACCESS_LIFE: Final = timedelta(minutes=15)
REFRESH_LIFE: Final = timedelta(days=30)
FRESH: Final = timedelta(minutes=10)
"""How long after signing in a session may change how one signs in."""

_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


class Status(Enum):
    PENDING = "pending"
    ACTIVE = "active"


class Role(Enum):
    """The roles of the permission table (`entrepot.contracts.permissions`); `merchant` is a merchant's owner."""

    SHOPPER = "shopper"
    MERCHANT = "merchant"
    MERCHANT_CATALOGUE = "merchant_catalogue"
    MERCHANT_ORDERS = "merchant_orders"
    MERCHANT_FINANCE = "merchant_finance"
    MERCHANT_SUPPORT = "merchant_support"
    OPERATOR = "operator"
    FINANCE = "finance"
    RISK = "risk"
    SUPPORT = "support"
    ANALYST = "analyst"
    SERVICE = "service"

    @property
    def of_merchant(self) -> bool:
        """Whether who has it works for one merchant."""
        return self in MERCHANT_ROLES

    @property
    def of_platform(self) -> bool:
        return self in PLATFORM_ROLES


MERCHANT_ROLES: Final = (
    Role.MERCHANT,
    Role.MERCHANT_CATALOGUE,
    Role.MERCHANT_ORDERS,
    Role.MERCHANT_FINANCE,
    Role.MERCHANT_SUPPORT,
)
PLATFORM_ROLES: Final = (Role.OPERATOR, Role.FINANCE, Role.RISK, Role.SUPPORT, Role.ANALYST)


class InvalidPassword(Refusal):
    code = "invalid_password"
    kind = Kind.MALFORMED
    title = f"A password has {PASSWORD_SHORTEST} to {PASSWORD_LONGEST} characters."


class InvalidLocale(Refusal):
    code = "invalid_locale"
    kind = Kind.MALFORMED
    title = "A locale is a language tag such as de or zh-CN."


class InvalidNickname(Refusal):
    code = "invalid_nickname"
    kind = Kind.MALFORMED
    title = f"A nickname has 1 to {NICKNAME_LONGEST} printable characters."


class InvalidCredentials(Refusal):
    """Wrong password, unknown address or one not yet confirmed: the answer does not say which."""

    code = "invalid_credentials"
    kind = Kind.UNAUTHENTICATED
    title = "No confirmed account has these."


class InvalidCode(Refusal):
    """Wrong, expired, used, tried too often, or for an unknown address: the answer does not say which."""

    code = "invalid_code"
    kind = Kind.RULE
    title = "This code is not valid for this address, or no longer; ask for a new one."


class SignInAgain(Refusal):
    code = "fresh_sign_in_required"
    kind = Kind.FORBIDDEN
    title = f"Sign in again: this needs a session not older than {FRESH.seconds // 60} minutes."


class ContactTaken(Refusal):
    """Told only to who has proved that the address or number is theirs."""

    code = "contact_taken"
    kind = Kind.CONFLICT
    title = "Another account has this address or number."


class ConfirmFirst(Refusal):
    """Told only to who holds the invitation's code, and so the mailbox."""

    code = "confirm_first"
    kind = Kind.CONFLICT
    title = "Register with this address and confirm it first; then send the invitation's code again."


class AlreadyStaff(Refusal):
    """Told only to who holds the invitation's code, and so the mailbox."""

    code = "already_staff"
    kind = Kind.CONFLICT
    title = "This account is staff already; an account works for one merchant."


class LastOwner(Refusal):
    code = "last_owner"
    kind = Kind.CONFLICT
    title = "Nobody else owns this merchant, or runs this platform: have another accept an invitation first."


class TooManyAttempts(Refusal):
    code = "too_many_attempts"
    kind = Kind.THROTTLED
    title = "Too many attempts; wait and try again."


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to when they registered, and when."""

    terms_version: str
    marketing: bool
    given_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a storefront shows a member first; `marketing`: whether letters that nobody asked for may be sent."""

    currency: str | None = None  # ISO 4217
    country: str | None = None  # ISO 3166-1 alpha-2
    marketing: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """An account without its password, reached by an e-mail address, a phone number or both.

    `revision` rises with every change of the account.
    """

    member_id: str
    email: str | None
    status: Status
    role: Role
    locale: str
    created_at: datetime  # UTC
    revision: int
    merchant_id: str | None = None
    nickname: str | None = None
    verified_at: datetime | None = None
    phone: str | None = None  # E.164
    consent: Consent | None = None
    preferences: Preferences = Preferences()


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was sent, as a keyed hash. An invitation's names the role that it leads to and the merchant, a new
    contact's the address or number that it confirms, sealed.
    """

    code_hash: str
    tries_left: int
    expires_at: int  # seconds since 1970
    merchant_id: str | None = None
    role: str | None = None
    contact: str | None = None

    def alive(self, now: datetime) -> bool:
        return self.tries_left > 0 and self.expires_at > now.timestamp()


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in on one device. `refresh_id` is the id of the one refresh token that is still good."""

    session_id: str
    member_id: str
    refresh_id: str
    expires_at: int  # seconds since 1970
    ended: bool
    opened_at: datetime | None = None
    used_at: datetime | None = None
    method: str = "password"
    device: str = ""

    def alive(self, now: datetime) -> bool:
        return not self.ended and self.expires_at > now.timestamp()

    def fresh(self, now: datetime) -> bool:
        """Whether whoever uses it has signed in just now."""
        return self.alive(now) and self.opened_at is not None and now - self.opened_at <= FRESH


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often something may be tried within a window of fixed length."""

    name: str
    most: int
    window: timedelta

    def window_at(self, now: datetime) -> int:
        return int(now.timestamp() // self.window.total_seconds())

    def window_ends(self, now: datetime) -> int:
        """Seconds since 1970."""
        return (self.window_at(now) + 1) * int(self.window.total_seconds())


CODE_ATTEMPTS: Final = Attempts("code", 5, timedelta(hours=1))
CODE_FROM_ATTEMPTS: Final = Attempts("code-from", 30, timedelta(hours=1))
REGISTRATION_ATTEMPTS: Final = Attempts("registration", 5, timedelta(hours=1))
BEGIN_FROM_ATTEMPTS: Final = Attempts("begin-from", 60, timedelta(minutes=10))
INVITATION_ATTEMPTS: Final = Attempts("invitation", 30, timedelta(hours=1))


def password(text: str) -> str:
    """The password in the one spelling that is hashed (NFC), so that keyboards do not matter.

    Raises: InvalidPassword: too short or too long.
    """
    if len(text) > PASSWORD_LONGEST:
        raise InvalidPassword(field="password")
    spelled = unicodedata.normalize("NFC", text)
    if not PASSWORD_SHORTEST <= len(spelled) <= PASSWORD_LONGEST:
        raise InvalidPassword(field="password")
    return spelled


def preferences(currency: str | None, country: str | None, marketing: bool) -> Preferences:
    """Raises: UnknownCurrency, UnknownCountry."""
    if currency is not None and currency not in EXPONENTS:
        raise UnknownCurrency(field="preferences.currency")
    if country is not None and country not in COUNTRIES:
        raise UnknownCountry(field="preferences.country")
    return Preferences(currency, country, marketing)


def locale(text: str | None) -> str:
    """A language tag as given, or the default. Raises: InvalidLocale."""
    if text is None:
        return DEFAULT_LOCALE
    if not _LOCALE.fullmatch(text):
        raise InvalidLocale(field="locale")
    return text


def nickname(text: str | None) -> str | None:
    """A name to be called by, or none.

    Raises: InvalidNickname: empty, too long, or with characters one cannot see.
    """
    if text is None:
        return None
    spelled = unicodedata.normalize("NFC", text).strip()
    if not (1 <= len(spelled) <= NICKNAME_LONGEST and spelled.isprintable()):
        raise InvalidNickname(field="nickname")
    return spelled
