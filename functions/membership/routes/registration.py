"""Registering, and confirming by a code."""

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, Email, View
from entrepot.contracts.permissions import PUBLIC
from functions.membership.routes import api
from functions.membership.routes.shapes import Digits, Locale, NewPassword
from functions.membership.service import registration


class RegisterBody(Body, frozen=True, kw_only=True):
    email: Email
    password: NewPassword
    locale: Locale | None = None


class VerifyBody(Body, frozen=True):
    email: Email
    code: Digits


class RegisteredView(View, frozen=True):
    email: str
    status: str


@api.post("/v1/members", allow=PUBLIC, status=201)
def register(call: Call, body: RegisterBody) -> RegisteredView:
    address = registration.register(body.email, body.password, body.locale, call.now)
    return RegisteredView(email=address.text, status="pending")


@api.post("/v1/members/verify", allow=PUBLIC)
def verify(call: Call, body: VerifyBody) -> RegisteredView:
    member = registration.verify(body.email, body.code, call.now)
    return RegisteredView(email=member.email, status=member.status.value)
