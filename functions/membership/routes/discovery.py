"""What others need in order to believe our tokens. Both paths stand where OpenID Connect looks for them."""

from typing import Any

from entrepot.cloud import auth
from entrepot.cloud.call import Call, Reply
from entrepot.cloud.wire import View
from entrepot.contracts.permissions import PUBLIC
from functions.membership.routes import api


class KeySetView(View, frozen=True):
    """A JSON Web Key Set (RFC 7517): the key that signs first, then the one accepted beside it."""

    keys: list[dict[str, Any]]


@api.get("/.well-known/jwks.json", allow=PUBLIC)
def key_set(call: Call) -> KeySetView | Reply:
    return Reply(KeySetView(keys=auth.published_keys()), headers={"Cache-Control": "public, max-age=3600"})
