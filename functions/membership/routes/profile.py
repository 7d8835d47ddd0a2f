"""One's own account."""

from datetime import datetime

from msgspec import UNSET, UnsetType

from entrepot.cloud.call import Call, Reply, tagged
from entrepot.cloud.wire import Body, View
from entrepot.contracts.permissions import ANY
from functions.membership.domain.members import Member
from functions.membership.routes import api
from functions.membership.routes.shapes import Locale
from functions.membership.service import profile


class MeBody(Body, frozen=True):
    """What a member may change of their own account; an absent field stays."""

    locale: Locale | UnsetType = UNSET
    nickname: str | UnsetType | None = UNSET


class MemberView(View, frozen=True):
    id: str
    email: str
    status: str
    role: str
    merchant_id: str | None
    locale: str
    nickname: str | None
    created_at: datetime


@api.get("/v1/me", allow=ANY)
def me(call: Call) -> Reply:
    return _member(profile.read(call.member.member_id))


@api.patch("/v1/me", allow=ANY, if_match=True)
def edit_me(call: Call, body: MeBody) -> Reply:
    given = {"locale": body.locale, "nickname": body.nickname}
    changes = {field: value for field, value in given.items() if not isinstance(value, UnsetType)}
    return _member(profile.edit(call.member.member_id, call.revision(), changes))


def _member(member: Member) -> Reply:
    view = MemberView(
        id=member.member_id,
        email=member.email,
        status=member.status.value,
        role=member.role.value,
        merchant_id=member.merchant_id,
        locale=member.locale,
        nickname=member.nickname,
        created_at=member.created_at,
    )
    return tagged(view, member.revision)
