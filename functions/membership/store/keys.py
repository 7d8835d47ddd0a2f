"""What rows are found by: keyed hashes, and the key that everything about one member stands under."""

import hashlib
import hmac

from entrepot.cloud import aws
from functions.membership.domain.addresses import Email


def keyed_hash(purpose: str, text: str) -> str:
    """A hash that only who has the stage's key can make, apart for each purpose.

    That key is never changed: addresses are found by it.
    """
    key = aws.secret("identity_key").encode()
    return hmac.new(key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def address_key(address: Email) -> str:
    return keyed_hash("email", address.lookup)


def member_key(member_id: str) -> str:
    return f"member#{member_id}"
