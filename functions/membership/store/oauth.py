"""Applications, codes, grants and API keys. What a member has granted stands under the member's key."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import parsed, rfc3339
from entrepot.kernel.refusals import Kind, NotFound, Refusal
from functions.membership.domain.oauth import ApiKey, Client, Code, Grant, KeyState
from functions.membership.store.keys import member_key

_CLIENTS: Final = "clients"


class ClientRow(Row):
    """One application: pk "clients", sk `<cli>`. Reached by id; listed, for an operator registers few."""

    class Meta:
        table_name = aws.name("membership")

    client = Document[Client](Client)


class GrantCodeRow(Row):
    """One authorisation code: pk `member#<mbr>`, sk `grant-code#<keyed hash>`. Reached by both, from the code."""

    class Meta:
        table_name = aws.name("membership")

    code = Document[Code](Code)
    used_at = Text(null=True)
    expires_at = Number()  # seconds since 1970; kept longer than it is good, so that a replay is known


class GrantRow(Row):
    """One grant: pk `member#<mbr>`, sk `grant#<gra>`. Reached by both, from a token."""

    class Meta:
        table_name = aws.name("membership")

    client_id = Text()
    scope = Text()
    refresh_id = Text()
    ended_at = Text(null=True)
    expires_at = Number()  # seconds since 1970


class ApiKeyRow(Row):
    """One API key: pk `merchant#<mrc>`, sk `key#<key>`. Reached by both, from the key; listed by merchant."""

    class Meta:
        table_name = aws.name("membership")

    key = Document[ApiKey](ApiKey)
    last_used_at = Text(null=True)
    revoked_at = Text(null=True)


class Taken(Refusal):
    """An id that was just made is there already: a bug, for ids are random."""

    code = "taken"
    kind = Kind.CONFLICT


class AlreadyUsed(Refusal):
    """A code or a refresh token comes a second time."""

    code = "already_used"
    kind = Kind.CONFLICT


class NotLiving(Refusal):
    code = "not_living"
    kind = Kind.CONFLICT


def client_read(client_id: str) -> Read[Client]:
    return Read(ClientRow, _CLIENTS, client_id, lambda row: row.client)


def clients() -> list[Client]:
    return reads.query_all(ClientRow, _CLIENTS, lambda row: row.client)


def client_made(client: Client) -> Write:
    return writes.create(ClientRow(_CLIENTS, client.client_id, client=client), Taken())


def client_removed(client_id: str) -> Write:
    row = ClientRow(_CLIENTS, client_id)
    return writes.delete(row, ClientRow.client.exists(), NotFound())


def code_read(member_id: str, code_hash: str) -> Read[Code]:
    return Read(GrantCodeRow, member_key(member_id), _code(code_hash), _as_code)


def code_made(code: Code, code_hash: str, kept_until: datetime) -> Write:
    row = GrantCodeRow(
        member_key(code.member_id), _code(code_hash), code=code, expires_at=int(kept_until.timestamp())
    )
    return writes.create(row, Taken())


def code_used(code: Code, code_hash: str, now: datetime) -> Write:
    """Raises, at commit: AlreadyUsed."""
    row = GrantCodeRow(member_key(code.member_id), _code(code_hash))
    good = GrantCodeRow.code.exists() & GrantCodeRow.used_at.does_not_exist()
    return writes.update(row, [GrantCodeRow.used_at.set(rfc3339(now))], good, AlreadyUsed())


def grant_read(member_id: str, grant_id: str) -> Read[Grant]:
    return Read(GrantRow, member_key(member_id), _grant(grant_id), _as_grant)


def grant_begun(grant: Grant) -> Write:
    """Raises, at commit: AlreadyUsed: its code was exchanged before."""
    row = GrantRow(
        member_key(grant.member_id),
        _grant(grant.grant_id),
        client_id=grant.client_id,
        scope=grant.scope,
        refresh_id=grant.refresh_id,
        expires_at=grant.expires_at,
    )
    return writes.create(row, AlreadyUsed())


def grant_refreshed(grant: Grant, presented: str) -> Write:
    """The grant's next refresh token, where `presented` is still the good one. Raises, at commit: AlreadyUsed."""
    row = GrantRow(member_key(grant.member_id), _grant(grant.grant_id))
    return writes.update(
        row,
        [GrantRow.refresh_id.set(grant.refresh_id), GrantRow.expires_at.set(grant.expires_at)],
        (GrantRow.refresh_id == presented) & GrantRow.ended_at.does_not_exist(),
        AlreadyUsed(),
    )


def grant_ended(member_id: str, grant_id: str, now: datetime) -> Write:
    """Raises, at commit: NotLiving."""
    row = GrantRow(member_key(member_id), _grant(grant_id))
    living = GrantRow.refresh_id.exists() & GrantRow.ended_at.does_not_exist()
    return writes.update(row, [GrantRow.ended_at.set(rfc3339(now))], living, NotLiving())


def living_grants(member_id: str) -> list[Grant]:
    """Every grant of a member that has not been ended; a few of them may have expired."""
    return reads.query_all(
        GrantRow,
        member_key(member_id),
        _as_grant,
        where=GrantRow.sk.startswith("grant#"),
        only=GrantRow.ended_at.does_not_exist(),
        consistent=True,
    )


@dataclass(frozen=True, slots=True)
class UnusedCode:
    """A code that has not been exchanged: there is no grant yet that a replay would have to end.

    `dropped`: its end. Whoever exchanges it meanwhile goes first, and has a grant then.
    """

    grant_id: str
    dropped: Write


def unused_codes(member_id: str) -> list[UnusedCode]:
    return reads.query_all(
        GrantCodeRow,
        member_key(member_id),
        lambda row: UnusedCode(row.code.grant_id, writes.delete(GrantCodeRow(row.pk, row.sk))),
        where=GrantCodeRow.sk.startswith("grant-code#"),
        only=GrantCodeRow.used_at.does_not_exist(),
        consistent=True,
    )


def grants(member_id: str) -> list[Grant]:
    """Everything that a member has granted, what has ended too."""
    where = GrantRow.sk.startswith("grant#")
    return reads.query_all(GrantRow, member_key(member_id), _as_grant, where=where, consistent=True)


def key_read(merchant_id: str, key_id: str) -> Read[KeyState]:
    return Read(ApiKeyRow, _merchant(merchant_id), _key(key_id), _as_key)


def keys(merchant_id: str) -> list[KeyState]:
    """Every key of a merchant, oldest first."""
    return reads.query_all(
        ApiKeyRow, _merchant(merchant_id), _as_key, where=ApiKeyRow.sk.startswith("key#"), consistent=True
    )


def key_made(key: ApiKey) -> Write:
    return writes.create(ApiKeyRow(_merchant(key.merchant_id), _key(key.key_id), key=key), Taken())


def key_revoked(merchant_id: str, key_id: str, now: datetime) -> Write:
    """The end of a key; one that has ended ends again, at the first time. Raises, at commit: NotFound."""
    row = ApiKeyRow(_merchant(merchant_id), _key(key_id))
    ended = ApiKeyRow.revoked_at.set(ApiKeyRow.revoked_at | rfc3339(now))
    return writes.update(row, [ended], ApiKeyRow.key.exists(), NotFound())


def key_seen(state: KeyState, now: datetime) -> Write:
    """Raises, at commit: NotLiving: another copy has written it down, or the key has ended."""
    row = ApiKeyRow(_merchant(state.key.merchant_id), _key(state.key.key_id))
    before = state.last_used_at
    same = (
        ApiKeyRow.last_used_at.does_not_exist()
        if before is None
        else ApiKeyRow.last_used_at == rfc3339(before)
    )
    living = ApiKeyRow.key.exists() & ApiKeyRow.revoked_at.does_not_exist()
    return writes.update(row, [ApiKeyRow.last_used_at.set(rfc3339(now))], living & same, NotLiving())


def _code(code_hash: str) -> str:
    return f"grant-code#{code_hash}"


def _grant(grant_id: str) -> str:
    return f"grant#{grant_id}"


def _merchant(merchant_id: str) -> str:
    return f"merchant#{merchant_id}"


def _key(key_id: str) -> str:
    return f"key#{key_id}"


def _as_code(row: GrantCodeRow) -> Code:
    return replace(row.code, used=row.used_at is not None)


def _as_grant(row: GrantRow) -> Grant:
    return Grant(
        row.sk.removeprefix("grant#"),
        row.pk.removeprefix("member#"),
        row.client_id,
        row.scope,
        row.refresh_id,
        int(row.expires_at),
        row.ended_at is not None,
    )


def _as_key(row: ApiKeyRow) -> KeyState:
    last: str | None = row.last_used_at
    return KeyState(row.key, None if last is None else parsed(last), row.revoked_at is not None)
