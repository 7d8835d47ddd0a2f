"""Events of membership. Who needs an address asks membership for it."""

from typing import ClassVar, Literal

from entrepot.contracts.events import Event


class MemberRegistered(Event, frozen=True, kw_only=True):
    """Somebody asked to be a member: `member_id` is that of the account, known before or not.

    `channel`: by what they asked, and so by what they are answered.
    """

    NAME: ClassVar[str] = "membership.member_registered"
    member_id: str
    known: bool
    channel: Literal["email", "phone"] = "email"


class CodeRequested(Event, frozen=True, kw_only=True):
    """Somebody asked for a code. `member_id` may be nobody's: then nothing is sent."""

    NAME: ClassVar[str] = "membership.code_requested"
    member_id: str
    purpose: Literal["registration", "sign-in", "contact", "password"]
    channel: Literal["email", "phone"]


class ContactChanged(Event, frozen=True, kw_only=True):
    """A member is reached by another address or number than before."""

    NAME: ClassVar[str] = "membership.contact_changed"
    member_id: str
    channel: Literal["email", "phone"]


class PasswordChanged(Event, frozen=True, kw_only=True):
    """A member's password is another one: what was open under the last one ends, but for the session that is kept."""

    NAME: ClassVar[str] = "membership.password_changed"
    member_id: str
    kept_session_id: str | None = None


class MemberVerified(Event, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "membership.member_verified"
    member_id: str


class MerchantCreated(Event, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "membership.merchant_created"
    merchant_id: str
    country: str
    payout_currency: str


class StaffInvited(Event, frozen=True, kw_only=True):
    """A merchant, or the platform where there is none, offered `member_id` a place among its staff.

    The account is made for it where need be.
    """

    NAME: ClassVar[str] = "membership.staff_invited"
    member_id: str
    merchant_id: str | None = None


class MemberErased(Event, frozen=True, kw_only=True):
    """A member has left: whoever keeps anything personal of `member_id` forgets it. Told again while something is left.

    `merchant_id`: whose staff they were.
    """

    NAME: ClassVar[str] = "membership.member_erased"
    member_id: str
    merchant_id: str | None = None
