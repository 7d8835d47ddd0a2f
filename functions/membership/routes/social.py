"""Signing in with an account at a provider, and linking one.

A browser begins (and keeps the `binding`), goes to the provider, comes back here, is sent on to where it began with a
`ticket`, and completes with both.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from entrepot.cloud.call import Call, Reply
from entrepot.cloud.wire import Body, View
from entrepot.contracts.permissions import ANY, PUBLIC
from functions.membership.domain.members import Consent
from functions.membership.domain.social import FLOW_LIFE, LinkedIdentity, Purpose
from functions.membership.routes import api
from functions.membership.routes.registration import ConsentBody
from functions.membership.routes.sessions import TokensView, tokens_view, visit
from functions.membership.routes.shapes import Locale, Otp
from functions.membership.service.social import flows, linking, providers, signing_in

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Given = Annotated[str, msgspec.Meta(max_length=4096)]


class BeginBody(Body, frozen=True):
    """`return_to`: where the browser is sent in the end; one of the stage's own addresses."""

    return_to: Address


class BegunView(View, frozen=True):
    """The browser goes to `redirect_to`, and keeps `binding` to itself; both are good for `expires_in` seconds."""

    redirect_to: str
    binding: str
    expires_in: int


class AnswerQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's answer (RFC 6749, section 4.1.2; RFC 9207); what else it says is passed over."""

    state: Given
    code: Given = ""
    error: Given = ""
    iss: Given = ""


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True):
    """The same, of a provider that has it posted (OAuth 2.0 Form Post Response Mode)."""

    state: str
    code: str = ""
    error: str = ""
    iss: str = ""


class RegisterBody(Body, frozen=True):
    """What an account is made with, where none is linked yet."""

    consent: ConsentBody
    locale: Locale | None = None


class CompleteBody(Body, frozen=True, kw_only=True):
    """May be sent again with what was missing: `otp`, the second factor of an account that has one, or `register`."""

    ticket: Secret
    binding: Secret
    otp: Otp | None = None
    register: RegisterBody | None = None


class LinkBody(Body, frozen=True):
    ticket: Secret
    binding: Secret


class ProviderView(View, frozen=True):
    provider: str
    name: str


class ProvidersView(View, frozen=True):
    data: list[ProviderView]


class IdentityView(View, frozen=True):
    provider: str
    linked_at: datetime


class IdentitiesView(View, frozen=True):
    data: list[IdentityView]


@api.get("/v1/sessions/providers", allow=PUBLIC)
def list_providers(call: Call) -> ProvidersView:
    return ProvidersView(
        data=[ProviderView(provider=provider, name=name) for provider, name in providers.offered()]
    )


@api.post("/v1/sessions/providers/{provider}", allow=PUBLIC, status=201, refuses=(429,))
def begin_sign_in(call: Call, body: BeginBody, provider: str) -> BegunView:
    begun = flows.begin(provider, Purpose.SIGN_IN, body.return_to, call.address, None, call.now)
    return _begun(begun)


@api.get(
    "/v1/sessions/providers/{provider}/callback", allow=PUBLIC, query=AnswerQuery, status=303, refuses=(422,)
)
def take_answer(call: Call, provider: str) -> Reply:
    """Where a provider sends a browser back to; it is sent on with a ticket."""
    given = call.query
    return _sent_on(provider, flows.Answered(given.state, given.code, given.error, given.iss), call.now)


@api.post("/v1/sessions/providers/{provider}/callback", allow=PUBLIC, status=303, refuses=(422,))
def take_posted_answer(call: Call, form: AnswerForm, provider: str) -> Reply:
    """The same, of a provider that has its answer posted."""
    given = {name: call.form.get(name, "") for name in AnswerForm.__struct_fields__}
    answer = flows.Answered(given["state"], given["code"], given["error"], given["iss"])
    return _sent_on(provider, answer, call.now)


@api.post("/v1/sessions/social", allow=PUBLIC, status=201, refuses=(404, 409, 422, 429))
def complete_sign_in(call: Call, body: CompleteBody) -> TokensView:
    wanted = None
    if body.register is not None:
        given = body.register.consent
        consent = Consent(given.terms_version, given.marketing, call.now)
        wanted = signing_in.Wanted(consent, body.register.locale)
    return tokens_view(signing_in.sign_in(body.ticket, body.binding, wanted, visit(call, body.otp), call.now))


@api.get("/v1/me/identities", allow=ANY)
def list_identities(call: Call) -> IdentitiesView:
    return IdentitiesView(data=[_identity(one) for one in linking.listed(call.member)])


@api.post("/v1/me/identities/{provider}", allow=ANY, status=201, refuses=(429,))
def begin_link(call: Call, body: BeginBody, provider: str) -> BegunView:
    return _begun(linking.begin(call.member, provider, body.return_to, call.address, call.now))


@api.post("/v1/me/identities", allow=ANY, status=201, refuses=(404, 409, 422))
def link(call: Call, body: LinkBody) -> IdentityView:
    return _identity(linking.link(call.member, body.ticket, body.binding, call.now))


@api.delete("/v1/me/identities/{provider}", allow=ANY, status=204, refuses=(409,))
def unlink(call: Call, provider: str) -> None:
    linking.unlink(call.member, provider, call.now)


def _sent_on(provider: str, answer: flows.Answered, now: datetime) -> Reply:
    return Reply(None, 303, {"Location": flows.answered(provider, answer, now)})


def _begun(begun: flows.Begun) -> BegunView:
    return BegunView(
        redirect_to=begun.address, binding=begun.binding, expires_in=int(FLOW_LIFE.total_seconds())
    )


def _identity(identity: LinkedIdentity) -> IdentityView:
    return IdentityView(provider=identity.provider_id, linked_at=identity.linked_at)
