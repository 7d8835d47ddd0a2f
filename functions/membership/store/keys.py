"""What rows are found by: keyed hashes, and the key that everything about one member stands under."""

import hashlib
import hmac

from entrepot.cloud import aws
from functions.membership.domain.addresses import Email
from functions.membership.domain.phones import Phone


def keyed_hash(purpose: str, text: str) -> str:
    """A hash that only who has the stage's key can make, apart for each purpose.

    That key is never changed: addresses are found by it.
    """
    key = aws.secret("identity_key").encode()
    return hmac.new(key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def address_key(address: Email | Phone) -> str:
    """What an address or a number is found by: its kind and its keyed hash."""
    kind = "email" if isinstance(address, Email) else "phone"
    return f"{kind}#{keyed_hash(kind, address.lookup)}"


def identity_key(provider_id: str, subject: str) -> str:
    """What an identity at a provider is found by; who reads it learns nothing about the person there."""
    return f"identity#{keyed_hash('identity', f'{provider_id}:{subject}')}"


def member_key(member_id: str) -> str:
    return f"member#{member_id}"


def nobody(key: str) -> str:
    """The id that stands for whoever has an address or number that no member has.

    Codes are kept under it as under a member's, so that whoever asks cannot tell the two apart.
    """
    return f"mbr_{keyed_hash('nobody', key)[:26].upper()}"
