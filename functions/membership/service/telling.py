"""What membership holds about a member, for the member alone to see. No secret, and no hash of one, is told."""

from typing import Any

import msgspec

from entrepot.cloud import reads
from functions.membership import store
from functions.membership.domain.members import Member
from functions.membership.store import oauth as grants
from functions.membership.store import social


def held_about(member_id: str) -> dict[str, Any]:
    """Sections of a document by name. Of a member who has left, nothing but empty ones."""
    member, factor = reads.fetch(store.member_read(member_id), store.factor_read(member_id), consistent=True)
    return {
        "member": None if member is None else _member(member),
        "second_factor": {"set_up": factor is not None and factor.confirmed},
        "addresses": [
            {"id": entry.address_id, **msgspec.to_builtins(entry.address)}
            for entry in store.entries(member_id)
        ],
        "sessions": [_without(each, "refresh_id", "member_id") for each in store.all_sessions(member_id)],
        "applications": [_without(each, "refresh_id", "member_id") for each in grants.grants(member_id)],
        "identities": [_without(each, "claim") for each in social.identities(member_id)],
        "api_keys": _keys(member),
        "kept_under_your_id": sorted({key.partition("#")[0] for key in store.traces(member_id)}),
    }


def _member(member: Member) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(member, name)) for name in Member.__dataclass_fields__}


def _keys(member: Member | None) -> list[dict[str, Any]]:
    """The keys that they made for their merchant."""
    if member is None or member.merchant_id is None:
        return []
    return [
        {**_without(state.key, "secret_hash"), "revoked": state.revoked}
        for state in grants.keys(member.merchant_id)
        if state.key.created_by == member.member_id
    ]


def _without(value: Any, *names: str) -> dict[str, Any]:
    return {name: each for name, each in msgspec.to_builtins(value).items() if name not in names}
