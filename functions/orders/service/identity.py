"""The importer's identity, where a destination asks for one: checked, sealed, found by a keyed hash, never shown."""

from datetime import datetime
from typing import Any, Final

from entrepot.cloud import aws, reads, seal
from functions.customs import facade as customs
from functions.orders.domain.quote import Importer

_ASKS_IDENTITY: Final = "CN"


def checked(
    given: customs.ImporterIdentity | None, country: str, now: datetime
) -> tuple[Importer | None, reads.Read[Any] | None]:
    """The identity sealed, and how to read what it has used of this year's quota; nothing where it is not asked for.

    Raises: what customs refuses of the identity.
    """
    if given is None or country != _ASKS_IDENTITY:
        return None, None
    person = customs.check_identity(given.kind, given.name, given.number)
    hashed = customs.identity_hash(person.number, aws.secret("identity_key").encode())
    sealed = seal.sealed([person.kind, person.name, person.number], "importer_identity", hashed)
    return Importer(hashed, sealed), customs.quota_read(hashed, customs.quota_year(now))
