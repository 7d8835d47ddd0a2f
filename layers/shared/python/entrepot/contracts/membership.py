"""Events of membership. Who needs an address asks membership for it."""

from typing import ClassVar

from entrepot.contracts.events import Event


class MemberRegistered(Event, frozen=True, kw_only=True):
    """Somebody asked to be a member: `member_id` is that of the account, known before or not."""

    NAME: ClassVar[str] = "membership.member_registered"
    member_id: str
    known: bool


class MemberVerified(Event, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "membership.member_verified"
    member_id: str


class MerchantCreated(Event, frozen=True, kw_only=True):
    NAME: ClassVar[str] = "membership.merchant_created"
    merchant_id: str
    country: str
    payout_currency: str


class StaffInvited(Event, frozen=True, kw_only=True):
    """A merchant offered the account `member_id`, made for it where need be, a place among its staff."""

    NAME: ClassVar[str] = "membership.staff_invited"
    member_id: str
    merchant_id: str
