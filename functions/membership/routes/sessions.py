"""Signing in, staying signed in, signing out, and seeing where one is signed in."""

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, InvalidRequest, Phone, View, one_of
from entrepot.contracts.permissions import ANY, PUBLIC
from functions.membership.domain.members import ACCESS_LIFE, Session
from functions.membership.domain.phones import Phone as PhoneNumber
from functions.membership.phonenumbers_gateway import phone
from functions.membership.routes import api
from functions.membership.routes.shapes import ContactBody, Digits, Otp, Password, Token
from functions.membership.service import sessions

Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]


class SignInBody(ContactBody, frozen=True, kw_only=True):
    """`email` or `phone` with the password, or `phone` with a code from `POST /v1/sessions/codes`.

    `otp`: the second factor, of an account that has one.
    """

    SCHEMA: ClassVar = one_of(
        {"email": "string", "password": "string"},
        {"phone": "string", "password": "string"},
        {"phone": "string", "code": "string"},
    )

    password: Password | None = None
    code: Digits | None = None
    otp: Otp | None = None


class AskCodeBody(Body, frozen=True):
    phone: Phone


class RefreshBody(Body, frozen=True):
    refresh_token: Token


class SessionsQuery(Body, frozen=True):
    limit: Limit = 20
    cursor: str | None = None


class TokensView(View, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int  # seconds
    token_type: str


class CodeSentView(View, frozen=True):
    """`status` says only that the request was taken: it is the same for a number that nobody has."""

    status: str


class SessionView(View, frozen=True):
    id: str
    method: str
    device: str
    opened_at: datetime | None
    used_at: datetime | None
    current: bool


class SessionsView(View, frozen=True):
    data: list[SessionView]
    next_cursor: str | None


@api.post("/v1/sessions", allow=PUBLIC, status=201, refuses=(429,))
def sign_in(call: Call, body: SignInBody) -> TokensView:
    contact = body.contact
    if (body.password is None) == (body.code is None):
        raise InvalidRequest("Exactly one of password and code is needed.", field="password")
    if body.password is not None:
        return tokens_view(sessions.sign_in(contact, body.password, visit(call, body.otp), call.now))
    if not isinstance(contact, PhoneNumber) or body.code is None:
        raise InvalidRequest("A code is sent to a phone number only.", field="code")
    return tokens_view(sessions.sign_in_by_code(contact, body.code, visit(call, body.otp), call.now))


@api.post("/v1/sessions/codes", allow=PUBLIC, status=202, refuses=(429,))
def ask_code(call: Call, body: AskCodeBody) -> CodeSentView:
    sessions.ask_code(phone(body.phone), call.address, call.now)
    return CodeSentView(status="sent")


@api.post("/v1/sessions/refresh", allow=PUBLIC, status=201, refuses=(409,))
def refresh(call: Call, body: RefreshBody) -> TokensView:
    return tokens_view(sessions.refresh(body.refresh_token, call.now))


@api.delete("/v1/sessions/current", allow=ANY, status=204)
def sign_out(call: Call) -> None:
    sessions.sign_out(call.member, call.now)


@api.get("/v1/me/sessions", allow=ANY, query=SessionsQuery)
def list_sessions(call: Call) -> SessionsView:
    key = call.member.member_id
    page = sessions.listed(call.member, call.query.limit, call.after(call.query.cursor, key), call.now)
    views = [_session(one, call.member.session_id) for one in page.items]
    return SessionsView(data=views, next_cursor=call.cursor(page.next_key, key))


@api.delete("/v1/me/sessions/{session_id}", allow=ANY, status=204)
def end_session(call: Call, session_id: str) -> None:
    sessions.end_one(call.member, session_id, call.now)


def visit(call: Call, otp: str | None = None) -> sessions.Visit:
    device = "".join(letter for letter in call.headers.get("user-agent", "")[:200] if letter.isprintable())
    return sessions.Visit(call.address, device, otp)


def tokens_view(tokens: sessions.Tokens) -> TokensView:
    return TokensView(
        access_token=tokens.access,
        refresh_token=tokens.refresh,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        token_type="Bearer",
    )


def _session(session: Session, current: str) -> SessionView:
    return SessionView(
        id=session.session_id,
        method=session.method,
        device=session.device,
        opened_at=session.opened_at,
        used_at=session.used_at,
        current=session.session_id == current,
    )
