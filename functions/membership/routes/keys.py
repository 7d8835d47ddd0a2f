"""API keys of a merchant's machines."""

from datetime import datetime
from typing import Annotated

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, Line, View
from functions.membership.domain.oauth import KeyState
from functions.membership.routes import api
from functions.membership.service.oauth import keys

Scope = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class KeyBody(Body, frozen=True):
    """`scopes`: actions such as "orders.list". Without `expires_in_days` it is good until it is revoked."""

    name: Line
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=50)]
    expires_in_days: Days | None = None


class KeyView(View, frozen=True):
    """`client_id`: for OAuth's client credentials; the secret is the part of the key after the last dot."""

    id: str
    client_id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked: bool


class NewKeyView(View, frozen=True):
    """`key` is told this once. It is sent as `Authorization: Bearer <key>`."""

    id: str
    client_id: str
    key: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None


class KeysView(View, frozen=True):
    data: list[KeyView]


@api.post("/v1/merchants/{merchant_id}/keys", allow="keys.manage", status=201, refuses=(422,))
def make_key(call: Call, body: KeyBody, merchant_id: str) -> NewKeyView:
    key, text = keys.make(
        call.member, merchant_id, body.name, tuple(body.scopes), body.expires_in_days, call.now
    )
    return NewKeyView(
        id=key.key_id,
        client_id=key.client_id,
        key=text,
        name=key.name,
        scopes=list(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
    )


@api.get("/v1/merchants/{merchant_id}/keys", allow="keys.manage")
def list_keys(call: Call, merchant_id: str) -> KeysView:
    return KeysView(data=[_shown(state) for state in keys.listed(call.member, merchant_id)])


@api.delete("/v1/merchants/{merchant_id}/keys/{key_id}", allow="keys.manage", status=204)
def revoke_key(call: Call, merchant_id: str, key_id: str) -> None:
    keys.revoke(call.member, merchant_id, key_id, call.now)


def _shown(state: KeyState) -> KeyView:
    key = state.key
    return KeyView(
        id=key.key_id,
        client_id=key.client_id,
        name=key.name,
        scopes=list(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=state.last_used_at,
        revoked=state.revoked,
    )
