"""Signing in with a provider's account, and registering with one.

An address that the provider has verified makes a new account reachable by it. It never leads into an account that is
there: whose it is has to sign in to that and link the provider.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from entrepot.cloud import reads
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import MemberVerified
from entrepot.kernel.ids import new_id
from functions.membership import store
from functions.membership.domain import members
from functions.membership.domain.addresses import Email
from functions.membership.domain.members import Consent, InvalidCredentials, Member, Role, Status
from functions.membership.domain.social import (
    Identity,
    LinkedIdentity,
    LinkFirst,
    Purpose,
    RegistrationRequired,
)
from functions.membership.service import sessions, throttling
from functions.membership.service.sessions import Tokens, Visit
from functions.membership.service.social import flows
from functions.membership.store import social as rows


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody registers with: the consent has been asked for, and the language they read."""

    consent: Consent
    locale: str | None = None


def sign_in(ticket: str, binding: str, wanted: Wanted | None, visit: Visit, now: datetime) -> Tokens:
    """A session for whom a provider says that it is; an account as well, where there is none and one is wanted.

    Raises: FlowInvalid, ProviderRefused, ProviderUnavailable, IdentityNotProven, InvalidCredentials,
    SecondFactorRequired, InvalidOtp, TooManyAttempts, RegistrationRequired, LinkFirst, InvalidLocale.
    """
    flow, identity = flows.proven(ticket, binding, Purpose.SIGN_IN, None, now)
    holder = holder_of(identity)
    if holder is None:
        if wanted is None:
            raise RegistrationRequired
        member, written = _registered(identity, wanted, now)
        return sessions.opened(
            member, None, identity.provider_id, visit, None, now, *written, flows.done(flow)
        )
    member_found, factor = reads.fetch(store.member_read(holder), store.factor_read(holder), consistent=True)
    if member_found is None or member_found.status is not Status.ACTIVE:
        raise InvalidCredentials
    # Only who sends a second factor can guess at one, so only that is counted.
    tried = throttling.attempt(holder, visit.address, now) if visit.otp is not None else None
    return sessions.opened(member_found, factor, identity.provider_id, visit, tried, now, flows.done(flow))


def holder_of(identity: Identity) -> str | None:
    """The id of the member who is linked to an identity, by the first of its names that anybody has."""
    keys = [store.identity_key(identity.provider_id, subject) for subject in identity.subjects]
    holders = reads.fetch(*(store.claim_read(key) for key in keys), consistent=True)
    return next((holder for holder in holders if holder is not None), None)


def linked(identity: Identity, now: datetime) -> LinkedIdentity:
    key = store.identity_key(identity.provider_id, identity.subjects[0])
    return LinkedIdentity(identity.provider_id, key, now)


def _registered(identity: Identity, wanted: Wanted, now: datetime) -> tuple[Member, list[Write]]:
    """A new account, or one that waits for the confirmation of the very address that the provider has verified.

    Whoever registered that address without confirming it has chosen a password: it goes, and its code too.
    """
    fresh = _member(identity, wanted, now)
    written: list[Write] = []
    if identity.email is None:
        written.append(store.created(fresh, None))
    else:
        key = store.address_key(Email(identity.email))
        holder = reads.fetch_one(store.claim_read(key), consistent=True)
        if holder is None:
            written += [store.created(fresh, None), store.claimed(key, fresh.member_id, LinkFirst())]
        else:
            waiting = reads.fetch_one(store.member_read(holder), consistent=True)
            if waiting is None or waiting.status is not Status.PENDING:
                raise LinkFirst
            fresh = replace(
                fresh, member_id=holder, created_at=waiting.created_at, revision=waiting.revision + 1
            )
            written += [
                store.changed(fresh, None, waiting.revision, LinkFirst()),
                store.code_dropped(holder, store.REGISTRATION),
            ]
    event = MemberVerified(event_id=new_id("evt", now), occurred_at=now, member_id=fresh.member_id)
    written += [*rows.identity_linked(fresh.member_id, linked(identity, now)), announce(event)]
    return fresh, written


def _member(identity: Identity, wanted: Wanted, now: datetime) -> Member:
    return Member(
        new_id("mbr", now),
        identity.email,
        Status.ACTIVE,
        Role.SHOPPER,
        members.locale(wanted.locale),
        created_at=now,
        revision=1,
        verified_at=now if identity.email is not None else None,
        consent=wanted.consent,
        preferences=members.Preferences(marketing=wanted.consent.marketing),
    )
