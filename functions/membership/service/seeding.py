"""Accounts and merchants of a stage on one machine, written directly. Doing it twice changes nothing."""

from dataclasses import replace
from datetime import datetime

from entrepot.cloud import reads, writes
from entrepot.kernel.ids import new_id
from functions.membership import pwdlib_gateway, store
from functions.membership.domain import members
from functions.membership.domain.addresses import email
from functions.membership.domain.members import DEFAULT_LOCALE, Member, Role, Status
from functions.membership.domain.merchants import Merchant
from functions.membership.service.merchants import announced


def seed_account(address_text: str, password: str, role: str, merchant_id: str | None, now: datetime) -> str:
    """An active account with this password; its id. One that is there keeps its id and is given the password.

    Args: role: one of the permission table; merchant_id: for a merchant's staff only.
    Raises: store.Overtaken: two seeds ran at once.
    """
    wanted = Role(role)
    assert wanted.of_merchant == (merchant_id is not None), "staff have a merchant, others have none"
    address = email(address_text)
    secret = members.password(password)
    key = store.address_key(address)
    holder = reads.fetch_one(store.claim_read(key), consistent=True)
    if holder is None:
        member_id = new_id("mbr", now)
        member = Member(
            member_id,
            address.text,
            Status.ACTIVE,
            wanted,
            DEFAULT_LOCALE,
            created_at=now,
            revision=1,
            merchant_id=merchant_id,
            verified_at=now,
        )
        created = store.created(member, pwdlib_gateway.hashed(secret))
        writes.commit(created, store.claimed(key, member_id), *store.staff_joined(member))
        return member_id
    _confirm(holder, secret, wanted, merchant_id, now)
    return holder


def seed_merchant(merchant: Merchant, now: datetime) -> None:
    """A merchant under an id that the caller chose; one that is there stays as it is."""
    try:
        writes.commit(store.merchant_created(merchant), announced(merchant, now))
    except store.MerchantExists:
        return


def _confirm(member_id: str, secret: str, role: Role, merchant_id: str | None, now: datetime) -> None:
    found = reads.fetch_one(store.password_read(member_id), consistent=True)
    assert found is not None, "a claim without its member"
    member, password_hash = found
    wanted = replace(
        member,
        status=Status.ACTIVE,
        role=role,
        merchant_id=merchant_id,
        verified_at=member.verified_at or now,
    )
    if pwdlib_gateway.matches(secret, password_hash) and wanted == member:
        return
    changed = replace(wanted, revision=member.revision + 1)
    fresh = pwdlib_gateway.hashed(secret)
    renewed = store.changed(changed, fresh, member.revision, store.Overtaken())
    writes.commit(renewed, *store.staff_moved(member, changed))
