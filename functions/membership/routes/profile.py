"""One's own account."""

from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from entrepot.cloud.call import Call, Tagged, tagged
from entrepot.cloud.wire import Body, CountryCode, CurrencyCode, View
from entrepot.contracts.permissions import ANY
from functions.membership.domain.members import Member, preferences
from functions.membership.routes import api
from functions.membership.routes.shapes import ContactBody, Digits, Locale, NewPassword, Password
from functions.membership.service import keys, profile


class PreferencesBody(Body, frozen=True):
    """All preferences together; an absent one is none."""

    currency: CurrencyCode | None = None
    country: CountryCode | None = None
    marketing: bool = False


class MeBody(Body, frozen=True):
    """What a member may change of their own account; an absent field stays."""

    locale: Locale | UnsetType = UNSET
    nickname: str | UnsetType | None = UNSET
    preferences: PreferencesBody | UnsetType = UNSET


class PasswordBody(Body, frozen=True, kw_only=True):
    """`current_password` may be absent where the account has none yet."""

    current_password: Password | None = None
    new_password: NewPassword


class NewContactBody(ContactBody, frozen=True):
    """The new address or number: exactly one of the two."""


class ContactCodeBody(Body, frozen=True):
    code: Digits


class ContactAskedView(View, frozen=True):
    status: str


class PreferencesView(View, frozen=True):
    currency: str | None
    country: str | None
    marketing: bool


class MemberView(View, frozen=True):
    id: str
    email: str | None
    phone: str | None
    status: str
    role: str
    merchant_id: str | None
    locale: str
    nickname: str | None
    preferences: PreferencesView
    created_at: datetime


@api.get("/v1/me", allow=ANY, refuses=(404,))
def me(call: Call) -> Tagged[MemberView]:
    return _member(profile.read(call.member.member_id))


@api.patch("/v1/me", allow=ANY, if_match=True, refuses=(404,))
def edit_me(call: Call, body: MeBody) -> Tagged[MemberView]:
    given = {"locale": body.locale, "nickname": body.nickname}
    changes: dict[str, Any] = {
        name: value for name, value in given.items() if not isinstance(value, UnsetType)
    }
    wanted = body.preferences
    if not isinstance(wanted, UnsetType):
        changes["preferences"] = preferences(wanted.currency, wanted.country, wanted.marketing)
    return _member(profile.edit(call.member.member_id, call.revision(), changes))


@api.put("/v1/me/password", allow=ANY, status=204, refuses=(404, 429))
def change_password(call: Call, body: PasswordBody) -> None:
    keys.change_password(call.member, body.current_password, body.new_password, call.now)


@api.post("/v1/me/contacts", allow=ANY, status=202, refuses=(404, 429))
def ask_contact(call: Call, body: NewContactBody) -> ContactAskedView:
    keys.ask_contact(call.member, body.contact, call.address, call.now)
    return ContactAskedView(status="sent")


@api.post("/v1/me/contacts/verify", allow=ANY, refuses=(404, 409, 422))
def confirm_contact(call: Call, body: ContactCodeBody) -> Tagged[MemberView]:
    return _member(keys.confirm_contact(call.member, body.code, call.now))


def _member(member: Member) -> Tagged[MemberView]:
    view = MemberView(
        id=member.member_id,
        email=member.email,
        phone=member.phone,
        status=member.status.value,
        role=member.role.value,
        merchant_id=member.merchant_id,
        locale=member.locale,
        nickname=member.nickname,
        preferences=PreferencesView(
            currency=member.preferences.currency,
            country=member.preferences.country,
            marketing=member.preferences.marketing,
        ),
        created_at=member.created_at,
    )
    return tagged(view, member.revision)
