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
    """The identity sealed, and how to read what a person has used of this year's quota; nothing where it is not asked
    for. An enterprise has no quota.

    Raises: what customs refuses of the identity.
    """
    if given is None or country != _ASKS_IDENTITY:
        return None, None
    importer = customs.check_identity(given.kind, given.name, given.number)
    hashed = customs.identity_hash(importer.number, aws.secret("identity_key").encode(), importer.kind)
    sealed = seal.sealed([importer.kind, importer.name, importer.number], "importer_identity", hashed)
    quota = customs.quota_read(hashed, customs.quota_year(now)) if importer.is_person else None
    return Importer(hashed, sealed), quota
