"""Members, sessions and merchants over HTTP."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.cloud.call import Call, Reply, tagged
from entrepot.cloud.http import Api
from entrepot.cloud.wire import Body, CountryCode, CurrencyCode, Email, Line, View
from entrepot.contracts.permissions import ANY, PUBLIC
from functions.membership.domain.members import (
    ACCESS_LIFE,
    CODE_DIGITS,
    PASSWORD_LONGEST,
    PASSWORD_SHORTEST,
    Member,
)
from functions.membership.domain.merchants import Merchant
from functions.membership.service import merchants, profile, registration, sessions

api = Api(__name__)

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=PASSWORD_LONGEST)]
NewPassword = Annotated[str, msgspec.Meta(min_length=PASSWORD_SHORTEST, max_length=PASSWORD_LONGEST)]
Digits = Annotated[str, msgspec.Meta(pattern=rf"^[0-9]{{{CODE_DIGITS}}}\Z")]
Locale = Annotated[str, msgspec.Meta(min_length=2, max_length=35)]
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class RegisterBody(Body, frozen=True, kw_only=True):
    email: Email
    password: NewPassword
    locale: Locale | None = None


class VerifyBody(Body, frozen=True):
    email: Email
    code: Digits


class SignInBody(Body, frozen=True):
    email: Email
    password: Password


class RefreshBody(Body, frozen=True):
    refresh_token: Token


class MeBody(Body, frozen=True):
    """What a member may change of their own account; an absent field stays."""

    locale: Locale | UnsetType = UNSET
    nickname: str | UnsetType | None = UNSET


class MerchantBody(Body, frozen=True):
    """`commission_rate`: decimal text such as "0.08", or a JSON number, read exactly: 0 to 0.5, 4 places."""

    name: Line
    country: CountryCode
    payout_currency: CurrencyCode
    commission_rate: Decimal


class StaffBody(Body, frozen=True):
    email: Email
    role: Literal["merchant"]


class RegisteredView(View, frozen=True):
    email: str
    status: str


class TokensView(View, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int  # seconds
    token_type: str


class MemberView(View, frozen=True):
    id: str
    email: str
    status: str
    role: str
    merchant_id: str | None
    locale: str
    nickname: str | None
    created_at: datetime


class MerchantView(View, frozen=True):
    id: str
    name: str
    country: str
    payout_currency: str
    commission_rate: str


class InvitedView(View, frozen=True):
    merchant_id: str
    email: str
    role: str
    status: str


@api.post("/v1/members", allow=PUBLIC, status=201)
def register(call: Call, body: RegisterBody) -> RegisteredView:
    address = registration.register(body.email, body.password, body.locale, call.now)
    return RegisteredView(email=address.text, status="pending")


@api.post("/v1/members/verify", allow=PUBLIC)
def verify(call: Call, body: VerifyBody) -> RegisteredView:
    member = registration.verify(body.email, body.code, call.now)
    return RegisteredView(email=member.email, status=member.status.value)


@api.post("/v1/sessions", allow=PUBLIC, status=201)
def sign_in(call: Call, body: SignInBody) -> TokensView:
    return _tokens(sessions.sign_in(body.email, body.password, call.now))


@api.post("/v1/sessions/refresh", allow=PUBLIC, status=201)
def refresh(call: Call, body: RefreshBody) -> TokensView:
    return _tokens(sessions.refresh(body.refresh_token, call.now))


@api.delete("/v1/sessions/current", allow=ANY, status=204)
def sign_out(call: Call) -> None:
    sessions.sign_out(call.member, call.now)


@api.get("/v1/me", allow=ANY)
def me(call: Call) -> Reply:
    return _member(profile.read(call.member.member_id))


@api.patch("/v1/me", allow=ANY, if_match=True)
def edit_me(call: Call, body: MeBody) -> Reply:
    given = {"locale": body.locale, "nickname": body.nickname}
    changes = {field: value for field, value in given.items() if not isinstance(value, UnsetType)}
    return _member(profile.edit(call.member.member_id, call.revision(), changes))


@api.post("/v1/merchants", allow="merchants.create", status=201)
def create_merchant(call: Call, body: MerchantBody) -> MerchantView:
    created = merchants.create(body.name, body.country, body.payout_currency, body.commission_rate, call.now)
    return _merchant(created)


@api.post("/v1/merchants/{merchant_id}/staff", allow="merchants.staff", status=201)
def invite_staff(call: Call, body: StaffBody, merchant_id: str) -> InvitedView:
    address = merchants.invite(call.member, merchant_id, body.email, call.now)
    return InvitedView(merchant_id=merchant_id, email=address.text, role=body.role, status="invited")


def _tokens(tokens: sessions.Tokens) -> TokensView:
    return TokensView(
        access_token=tokens.access,
        refresh_token=tokens.refresh,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        token_type="Bearer",
    )


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


def _merchant(merchant: Merchant) -> MerchantView:
    return MerchantView(
        id=merchant.merchant_id,
        name=merchant.name,
        country=merchant.country,
        payout_currency=merchant.payout_currency,
        commission_rate=merchant.commission_rate,
    )
