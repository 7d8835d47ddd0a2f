"""Registering, by an e-mail address or a phone number, and confirming it by a code."""

from typing import Annotated, ClassVar

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, InvalidRequest, View, one_of
from entrepot.contracts.permissions import PUBLIC
from functions.membership.domain.members import Consent
from functions.membership.routes import api
from functions.membership.routes.shapes import ContactBody, Digits, Locale, NewPassword
from functions.membership.service import registration


class ConsentBody(Body, frozen=True):
    """`terms_version`: that of the terms which were shown; `marketing`: letters beyond what an order needs."""

    terms_version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.-]{1,32}\Z")]
    marketing: bool = False


class RegisterBody(ContactBody, frozen=True, kw_only=True):
    """Exactly one of `email`, which needs a password, and `phone`, which may do without."""

    SCHEMA: ClassVar = one_of(
        {"email": "string", "password": "string"}, {"phone": "string", "password": None}
    )

    password: NewPassword | None = None
    locale: Locale | None = None
    consent: ConsentBody | None = None


class VerifyBody(ContactBody, frozen=True, kw_only=True):
    code: Digits


class AgainBody(ContactBody, frozen=True):
    """Where to send another code: exactly one of the two."""


class RegisteredView(View, frozen=True, kw_only=True, omit_defaults=True):
    status: str
    email: str | None = None
    phone: str | None = None


@api.post("/v1/members", allow=PUBLIC, status=201, refuses=(429,))
def register(call: Call, body: RegisterBody) -> RegisteredView:
    if body.email is not None and body.password is None:
        raise InvalidRequest("An account reached by e-mail needs a password.", field="password")
    given = body.consent
    consent = None if given is None else Consent(given.terms_version, given.marketing, call.now)
    wanted = registration.application(body.contact, body.password, body.locale, consent)
    registration.register(wanted, call.address, call.now)
    return _registered(body, wanted.contact.text, "pending")


@api.post("/v1/members/codes", allow=PUBLIC, status=202, refuses=(429,))
def send_again(call: Call, body: AgainBody) -> RegisteredView:
    contact = body.contact
    registration.send_again(contact, call.address, call.now)
    return _registered(body, contact.text, "pending")


@api.post("/v1/members/verify", allow=PUBLIC, refuses=(409, 422))
def verify(call: Call, body: VerifyBody) -> RegisteredView:
    member = registration.verify(body.contact, body.code, call.now)
    kept = member.phone if body.email is None else member.email
    return _registered(body, kept or "", member.status.value)


def _registered(body: ContactBody, text: str, status: str) -> RegisteredView:
    if body.email is not None:
        return RegisteredView(status=status, email=text)
    return RegisteredView(status=status, phone=text)
