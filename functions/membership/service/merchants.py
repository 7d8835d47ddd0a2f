"""Merchants and who works for them.

An invitation changes no account. It is a code in a letter to the address, and whoever sends that code to
`POST /v1/members/verify` with the address becomes staff, if their account is active and has no other role:
    - an address without an account gets one without a password: its owner registers as anybody does, confirms
    the
      address, then sends the invitation's code. A pending account is given no role, so that a password
      somebody else registered in between never opens a merchant's business;
    - a shopper sends the code and is staff from then on;
    - staff of a merchant and operators are refused when they send it.
The answer to the inviter is the same in each case. A later invitation of an address replaces the earlier one.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

from entrepot.cloud import reads, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import MerchantCreated, StaffInvited
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy, NotFound
from functions.membership import store
from functions.membership.domain.addresses import Email, email
from functions.membership.domain.members import (
    DEFAULT_LOCALE,
    INVITATION_ATTEMPTS,
    INVITATION_CODE_LIFE,
    Role,
)
from functions.membership.domain.merchants import Merchant, merchant
from functions.membership.service import codes
from functions.membership.service.registration import pending

_ROUNDS: Final = 3
PLATFORM: Final = "platform"
"""Whose attempts are counted where no merchant invites."""


def create(name: str, country: str, payout_currency: str, rate: Decimal, now: datetime) -> Merchant:
    """Raises: InvalidMerchantName, UnknownCountry, UnknownCurrency, InvalidCommissionRate."""
    created = merchant(new_id("mrc", now), name, country, payout_currency, rate)
    writes.commit(store.merchant_created(created), announced(created, now))
    return created


def announced(created: Merchant, now: datetime) -> Write:
    event = MerchantCreated(
        event_id=new_id("evt", now),
        occurred_at=now,
        merchant_id=created.merchant_id,
        country=created.country,
        payout_currency=created.payout_currency,
    )
    return announce(event)


def invite(caller: Principal, merchant_id: str, address_text: str, role: str, now: datetime) -> Email:
    """Offer an address a role of the merchant's staff; a letter follows.

    Raises: NotFound: no such merchant, or another's. InvalidEmail, TooManyAttempts (of the merchant), Busy.
    """
    assert Role(role).of_merchant, f"{role} is no role of a merchant's staff"
    if caller.side != "operator" and caller.merchant_id != merchant_id:
        raise NotFound
    address = email(address_text)
    if reads.fetch_one(store.merchant_read(merchant_id)) is None:
        raise NotFound
    return _offer(address, role, merchant_id, now)


def invite_to_platform(address_text: str, role: str, now: datetime) -> Email:
    """Offer an address a role of the platform's staff; a letter follows.

    Raises: InvalidEmail, TooManyAttempts (of the platform), Busy.
    """
    assert Role(role).of_platform, f"{role} is no role of the platform's staff"
    return _offer(email(address_text), role, None, now)


def _offer(address: Email, role: str, merchant_id: str | None, now: datetime) -> Email:
    writes.commit(store.attempted(INVITATION_ATTEMPTS, merchant_id or PLATFORM, now))
    for _ in range(_ROUNDS):
        try:
            writes.commit(*_invitation(address, role, merchant_id, now))
            return address
        except store.Overtaken:  # somebody registered this address in between
            continue
    raise Busy


def _invitation(address: Email, role: str, merchant_id: str | None, now: datetime) -> list[Write]:
    key = store.address_key(address)
    holder = reads.fetch_one(store.claim_read(key), consistent=True)
    member_id = holder or new_id("mbr", now)
    event = StaffInvited(
        event_id=new_id("evt", now), occurred_at=now, member_id=member_id, merchant_id=merchant_id
    )
    code = codes.made(
        member_id,
        store.INVITATION,
        event.event_id,
        now,
        INVITATION_CODE_LIFE,
        merchant_id=merchant_id,
        role=role,
    )
    offered = [store.code_set(member_id, store.INVITATION, code), announce(event)]
    if holder is None:
        invited = pending(member_id, address, DEFAULT_LOCALE, now)
        offered += [store.created(invited, None), store.claimed(key, member_id)]
    return offered
