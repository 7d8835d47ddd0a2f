"""Events of membership. Who needs an address asks membership for it."""

from dataclasses import dataclass
from typing import ClassVar

from entrepot.contracts.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberRegistered(Event):
    """Somebody asked to be a member: `member_id` is that of the account, known before or not."""

    NAME: ClassVar[str] = "membership.member_registered"
    member_id: str
    known: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberVerified(Event):
    NAME: ClassVar[str] = "membership.member_verified"
    member_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MerchantCreated(Event):
    NAME: ClassVar[str] = "membership.merchant_created"
    merchant_id: str
    country: str
    payout_currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffInvited(Event):
    """A merchant offered the account `member_id`, made for it where need be, a place among its staff."""

    NAME: ClassVar[str] = "membership.staff_invited"
    member_id: str
    merchant_id: str
