"""A sign-in with a provider on its way: begun, answered, and the code shown to the provider once.

The provider is called between two commits: the first says that the code is being shown, so that nobody shows it again;
the second keeps what came of it. Where that fails, the flow is over, and who wants to signs in anew.
"""

import hmac
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from entrepot.cloud import auth, aws, reads, seal, telemetry, writes
from entrepot.kernel.ids import is_id, new_id
from functions.membership import store
from functions.membership.domain.social import (
    FLOW_LIFE,
    Client,
    Flow,
    FlowInvalid,
    Identity,
    IdentityNotProven,
    Provider,
    Purpose,
    Stage,
    answer_address,
    asserted,
    replied,
    return_target,
)
from functions.membership.service import throttling
from functions.membership.service.social import providers
from functions.membership.store import social as rows

_PURPOSE: Final = "membership-flow"
_ON_ONE_MACHINE: Final = ("local", "test")
_DENIED: Final = ("access_denied", "user_cancelled_authorize")  # the protocol's word, and Apple's
_CODE_LONGEST: Final = 4096
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what it keeps to itself until it completes."""

    address: str
    binding: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What comes back with a browser from a provider: a code, or the word for why there is none."""

    state: str
    code: str = ""
    error: str = ""
    issuer: str = ""


class _Held(msgspec.Struct, frozen=True):
    """What a flow holds, sealed."""

    verifier: str
    nonce: str
    code: str = ""
    subjects: tuple[str, ...] = ()
    email: str | None = None


def begin(
    provider_id: str, purpose: Purpose, return_to: str, source: str, member_id: str | None, now: datetime
) -> Begun:
    """Send a browser to a provider.

    Raises: UnknownProvider, InvalidReturnTo, ProviderUnavailable, TooManyAttempts (from this place).
    """
    from functions.membership import authlib_gateway

    target = return_target(return_to, _return_to(), aws.STAGE in _ON_ONE_MACHINE)
    throttling.beginning(source, now)
    provider, client = providers.found(provider_id)
    flow_id, binding, state = new_id("flw", now), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    held = _Held(verifier=secrets.token_urlsafe(48), nonce=secrets.token_urlsafe(24))
    flow = Flow(
        flow_id,
        provider_id,
        purpose,
        target,
        _hash("state", flow_id, state),
        _hash("binding", flow_id, binding),
        _sealed(flow_id, held),
        int((now + FLOW_LIFE).timestamp()),
        member_id=member_id,
    )
    address = authlib_gateway.authorisation_address(
        provider, client, _callback(provider_id), f"{flow_id}.{state}", held.verifier, held.nonce
    )
    writes.commit(rows.flow_begun(flow))
    return Begun(address, binding)


def answered(provider_id: str, answer: Answered, now: datetime) -> str:
    """Where a browser that came back from a provider goes next: to where it began, with a ticket. Good once.

    Raises: FlowInvalid: then it is sent nowhere.
    """
    flow, state = _known(answer.state, now)
    right = hmac.compare_digest(flow.state_hash, _hash("state", flow.flow_id, state))
    if not right or flow.provider_id != provider_id or len(answer.code) > _CODE_LONGEST:
        raise FlowInvalid
    if answer.issuer and answer.issuer not in providers.found(provider_id)[0].issuers:
        raise FlowInvalid  # another provider's answer (RFC 9207)
    if answer.error or not answer.code:
        if flow.stage is not Stage.BEGUN:
            raise FlowInvalid
        writes.commit(rows.flow_ended(flow))
        told = "access_denied" if answer.error in _DENIED else "provider_error"
        return answer_address(flow.return_to, error=told)
    ticket = secrets.token_urlsafe(32)
    held = msgspec.structs.replace(_opened(flow), code=answer.code)
    after = flow.moved(Stage.ANSWERED, _sealed(flow.flow_id, held), _hash("ticket", flow.flow_id, ticket))
    writes.commit(rows.flow_moved(flow, after))
    return answer_address(flow.return_to, ticket=f"{flow.flow_id}.{ticket}")


def proven(
    ticket: str, binding: str, purpose: Purpose, member_id: str | None, now: datetime
) -> tuple[Flow, Identity]:
    """Who a provider says it is, for the browser that has both ticket and binding.

    The first time, the code is shown to the provider; who comes again, with a second factor or a consent, is told the
    same until the flow is done.

    Raises: FlowInvalid, ProviderRefused, ProviderUnavailable, IdentityNotProven.
    """
    flow, secret = _known(ticket, now)
    theirs = hmac.compare_digest(flow.ticket_hash, _hash("ticket", flow.flow_id, secret))
    began = hmac.compare_digest(flow.binding_hash, _hash("binding", flow.flow_id, binding))
    if not (theirs and began and flow.purpose is purpose and flow.member_id == member_id):
        raise FlowInvalid
    held = _opened(flow)
    if flow.stage is Stage.PROVEN:
        return flow, Identity(flow.provider_id, held.subjects, held.email)
    redeeming = flow.moved(Stage.REDEEMING)
    writes.commit(rows.flow_moved(flow, redeeming))
    provider, client = providers.found(flow.provider_id)
    try:
        identity = _asked(provider, client, held, now)
    except IdentityNotProven:
        telemetry.log("identity_not_proven", level="warning", provider=provider.provider_id)
        raise
    kept = msgspec.structs.replace(held, code="", subjects=identity.subjects, email=identity.email)
    after = redeeming.moved(Stage.PROVEN, _sealed(flow.flow_id, kept))
    writes.commit(rows.flow_moved(redeeming, after))
    return after, identity


def done(flow: Flow) -> writes.Write:
    """The end of a flow, which ends in one thing. Raises, at commit: FlowInvalid."""
    assert flow.stage is Stage.PROVEN, "nobody has said who it is"
    return rows.flow_ended(flow)


def _asked(provider: Provider, client: Client, held: _Held, now: datetime) -> Identity:
    from functions.membership import authlib_gateway

    callback = _callback(provider.provider_id)
    reply = authlib_gateway.redeemed(provider, client, callback, held.code, held.verifier, now)
    if not provider.asserts:
        return replied(provider, reply)
    claims = authlib_gateway.claims(provider, client, reply.get("id_token"))
    return asserted(provider, client.client_id, claims, held.nonce, now)


def _known(text: str, now: datetime) -> tuple[Flow, str]:
    """A living flow that a state or a ticket names, and the secret beside its id. Raises: FlowInvalid."""
    flow_id, _, secret = text.partition(".")
    if not is_id(flow_id, "flw") or not _SECRET.fullmatch(secret):
        raise FlowInvalid
    flow = reads.fetch_one(rows.flow_read(flow_id), consistent=True)
    if flow is None or not flow.alive(now):
        raise FlowInvalid
    return flow, secret


def _callback(provider_id: str) -> str:
    return f"{auth.ISSUER}/v1/sessions/providers/{provider_id}/callback"


def _return_to() -> list[str]:
    """Where browsers may be sent back to: exact addresses, parted by spaces."""
    return os.environ.get("ENTREPOT_RETURN_TO", "").split()


def _hash(kind: str, flow_id: str, secret: str) -> str:
    return store.keyed_hash(f"flow-{kind}", f"{flow_id}:{secret}")


def _sealed(flow_id: str, held: _Held) -> str:
    return seal.sealed(msgspec.to_builtins(held), _PURPOSE, flow_id)


def _opened(flow: Flow) -> _Held:
    content: Any = seal.opened(flow.held, _PURPOSE, flow.flow_id)
    return msgspec.convert(content, _Held)
