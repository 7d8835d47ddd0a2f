"""Who somebody is at a provider, what of that is believed, and whether a member still gets in without it."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from entrepot.kernel.refusals import Kind, Refusal
from functions.membership.domain.addresses import InvalidEmail, email
from functions.membership.domain.members import Member
from functions.membership.domain.social.providers import Provider

LEEWAY: Final = timedelta(seconds=60)
"""How far a provider's clock may be from ours."""

SUBJECT_LONGEST: Final = 255  # OpenID Connect Core, section 2


class IdentityNotProven(Refusal):
    """What the provider has sent does not prove who it is: the answer does not say what is wrong with it."""

    code = "identity_not_proven"
    kind = Kind.UNAUTHENTICATED
    title = "The provider's answer does not prove who this is; begin again."


class RegistrationRequired(Refusal):
    """Told only to who has shown who they are at the provider."""

    code = "registration_required"
    kind = Kind.CONFLICT
    title = "No account is linked to this one yet: send `register` with the consent to make one."


class LinkFirst(Refusal):
    """Told only to whom the provider has verified the address of."""

    code = "link_first"
    kind = Kind.CONFLICT
    title = "An account has this e-mail address already: sign in to it, and link the provider there."


class IdentityTaken(Refusal):
    """Told only to who has shown who they are at the provider."""

    code = "identity_taken"
    kind = Kind.CONFLICT
    title = "Another account is linked to this one."


class AlreadyLinked(Refusal):
    code = "already_linked"
    kind = Kind.CONFLICT
    title = "This account is linked to one of this provider already; unlink that first."


class LastWayIn(Refusal):
    code = "last_way_in"
    kind = Kind.CONFLICT
    title = "Nothing else lets you in: add a phone number or set a password first."


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody at a provider: `subjects` name them there, the first before the others. `email` is a verified one."""

    provider_id: str
    subjects: tuple[str, ...]
    email: str | None = None


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    """An identity of a member. `claim` is the key under which it is found."""

    provider_id: str
    claim: str
    linked_at: datetime  # UTC


def asserted(
    provider: Provider, client_id: str, claims: Mapping[str, Any], nonce: str, now: datetime
) -> Identity:
    """Who an ID token speaks of, whose signature is right.

    Raises: IdentityNotProven: of another issuer, for somebody else, out of its time, or of another sign-in.
    Source: OpenID Connect Core, section 3.1.3.7.
    """
    said = claims.get("nonce")
    genuine = (
        claims.get("iss") in provider.issuers
        and _for_us(claims, client_id)
        and _in_time(claims, now)
        and isinstance(said, str)
        and hmac.compare_digest(said.encode(), nonce.encode())
    )
    if not genuine:
        raise IdentityNotProven
    return Identity(provider.provider_id, _subjects(provider, claims), _verified_email(provider, claims))


def replied(provider: Provider, reply: Mapping[str, Any]) -> Identity:
    """Who the answer to a code speaks of, of a provider without ID tokens; its connection is what proves it.

    Raises: IdentityNotProven.
    """
    return Identity(provider.provider_id, _subjects(provider, reply))


def way_in_without(
    provider_id: str, member: Member, has_password: bool, linked: Iterable[LinkedIdentity]
) -> bool:
    """Whether a member still gets in once a provider is unlinked: by a code to their number, by a password, or
    by another provider.
    """
    by_password = has_password and member.email is not None
    others = any(identity.provider_id != provider_id for identity in linked)
    return member.phone is not None or by_password or others


def _for_us(claims: Mapping[str, Any], client_id: str) -> bool:
    audience, party = claims.get("aud"), claims.get("azp")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        return False
    named = audience == client_id or (isinstance(audience, list) and client_id in audience)
    return named and party in (None, client_id)


def _in_time(claims: Mapping[str, Any], now: datetime) -> bool:
    expires, issued, begins = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not all(type(moment) in (int, float) for moment in (expires, issued, begins)):
        return False
    early, late = (now - LEEWAY).timestamp(), (now + LEEWAY).timestamp()
    return bool(early < expires and issued <= late and begins <= late)  # type: ignore[operator]


def _subjects(provider: Provider, told: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    for name in provider.subject:
        text = told.get(name)
        if isinstance(text, str) and 0 < len(text) <= SUBJECT_LONGEST:
            found.append(f"{name}:{text}")
    if not found:
        raise IdentityNotProven
    return tuple(found)


def _verified_email(provider: Provider, claims: Mapping[str, Any]) -> str | None:
    """The address, where the provider is believed and says that it is verified; Apple may say so in a text."""
    text = claims.get("email")
    verified = claims.get("email_verified")
    believed = provider.trusts_email and (verified is True or verified == "true")
    if not believed or not isinstance(text, str):
        return None
    try:
        return email(text).text
    except InvalidEmail:
        return None
