"""Rows of the table `membership`, and what reads and writes them. Everything about a member stands under one
key.

An address is found by its keyed hash, so the key of a row tells nobody an address.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Final

from entrepot.cloud import aws, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.refusals import Kind, Refusal
from functions.membership.domain.addresses import Email
from functions.membership.domain.members import (
    Attempts,
    Code,
    Member,
    Session,
    TooManyAttempts,
)
from functions.membership.domain.merchants import Merchant

REGISTRATION: Final = "code#registration"
INVITATION: Final = "code#invitation"


class MemberRow(Row):
    """One member: pk `member#<mbr>`, sk "member". Reached by id. `revision` is that of the document."""

    class Meta:
        table_name = aws.name("membership")

    member = Document[Member](Member)
    password_hash = Text(null=True)  # none until somebody registers with the address
    revision = Number()


class EmailRow(Row):
    """The claim of an address: pk `email#<keyed hash>`, sk "email". Reached by the hash; never changed."""

    class Meta:
        table_name = aws.name("membership")

    member_id = Text()


class CodeRow(Row):
    """The living code of one kind: pk `member#<mbr>`, sk `code#<kind>`. Reached by both; gone once used."""

    class Meta:
        table_name = aws.name("membership")

    code_hash = Text()
    tries_left = Number()
    merchant_id = Text(null=True)  # whose staff an invitation's code makes its member
    expires_at = Number()  # seconds since 1970


class SessionRow(Row):
    """One session: pk `member#<mbr>`, sk `session#<ses>`. Reached by both."""

    class Meta:
        table_name = aws.name("membership")

    refresh_id = Text()
    ended_at = Text(null=True)
    expires_at = Number()  # seconds since 1970


class AttemptsRow(Row):
    """Attempts in one window: pk `attempts#<what>#<who>`, sk the window's number. Reached by both."""

    class Meta:
        table_name = aws.name("membership")

    attempts = Number()
    expires_at = Number()  # seconds since 1970


class MerchantRow(Row):
    """One merchant: pk `merchant#<mrc>`, sk "merchant". Reached by id."""

    class Meta:
        table_name = aws.name("membership")

    merchant = Document[Merchant](Merchant)


class Overtaken(Refusal):
    """Somebody else changed the same thing in between: the use case looks again."""

    code = "overtaken"
    kind = Kind.CONFLICT


class MerchantExists(Refusal):
    code = "merchant_exists"
    kind = Kind.CONFLICT


class NoLivingSession(Refusal):
    code = "no_living_session"
    kind = Kind.CONFLICT


def keyed_hash(purpose: str, text: str) -> str:
    """A hash that only who has the stage's key can make, apart for each purpose.

    That key is never changed: addresses are found by it.
    """
    key = aws.secret("identity_key").encode()
    return hmac.new(key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def address_key(address: Email) -> str:
    return keyed_hash("email", address.lookup)


# Reading


def claim_read(address_hash: str) -> Read[str]:
    """The id of the member who has an address."""
    return Read(EmailRow, f"email#{address_hash}", "email", lambda row: str(row.member_id))


def member_read(member_id: str) -> Read[Member]:
    return Read(MemberRow, _member(member_id), "member", lambda row: row.member)


def password_read(member_id: str) -> Read[tuple[Member, str | None]]:
    """A member with the hash of their password."""
    return Read(MemberRow, _member(member_id), "member", lambda row: (row.member, row.password_hash))


def code_read(member_id: str, kind: str) -> Read[Code]:
    return Read(CodeRow, _member(member_id), kind, _code)


def session_read(member_id: str, session_id: str) -> Read[Session]:
    return Read(SessionRow, _member(member_id), f"session#{session_id}", _session)


def merchant_read(merchant_id: str) -> Read[Merchant]:
    return Read(MerchantRow, f"merchant#{merchant_id}", "merchant", lambda row: row.merchant)


def handled_read(handled: Write) -> Read[bool]:
    """Whether a consumer has handled an event before, seen from the write that is to say so."""
    return Read(type(handled.row), handled.row.pk, handled.row.sk, lambda _: True)


# Writing


def claimed(address_hash: str, member_id: str) -> Write:
    return writes.create(EmailRow(f"email#{address_hash}", "email", member_id=member_id), Overtaken())


def created(member: Member, password_hash: str | None) -> Write:
    return writes.create(_member_row(member, password_hash), Overtaken())


def changed(member: Member, password_hash: str | None, seen: int, refusal: Refusal) -> Write:
    """The member as it is to be, where its revision is still the one seen."""
    return writes.put(_member_row(member, password_hash), MemberRow.revision == seen, refusal)


def unchanged(member: Member) -> Write:
    row = MemberRow(_member(member.member_id), "member")
    return writes.check(row, MemberRow.revision == member.revision, Overtaken())


def code_set(member_id: str, kind: str, code: Code) -> Write:
    """The one living code of its kind; an earlier one is void."""
    row = CodeRow(
        _member(member_id),
        kind,
        code_hash=code.code_hash,
        tries_left=code.tries_left,
        merchant_id=code.merchant_id,
        expires_at=code.expires_at,
    )
    return writes.put(row)


def try_spent(member_id: str, kind: str, code_hash: str, now: datetime, refusal: Refusal) -> Write:
    """One try less, where the code is still that one, alive, and not tried too often."""
    alive = (
        (CodeRow.code_hash == code_hash)
        & (CodeRow.tries_left > 0)
        & (CodeRow.expires_at > int(now.timestamp()))
    )
    return writes.update(CodeRow(_member(member_id), kind), [CodeRow.tries_left.add(-1)], alive, refusal)


def code_used(member_id: str, kind: str, code_hash: str, refusal: Refusal) -> Write:
    return writes.delete(CodeRow(_member(member_id), kind), CodeRow.code_hash == code_hash, refusal)


def session_opened(session: Session) -> Write:
    row = SessionRow(
        _member(session.member_id),
        f"session#{session.session_id}",
        refresh_id=session.refresh_id,
        expires_at=session.expires_at,
    )
    return writes.create(row, Overtaken())


def session_refreshed(session: Session, presented: str, refusal: Refusal) -> Write:
    """The session's next refresh token, where `presented` is still the living one."""
    return writes.update(
        _session_row(session),
        [SessionRow.refresh_id.set(session.refresh_id), SessionRow.expires_at.set(session.expires_at)],
        (SessionRow.refresh_id == presented) & SessionRow.ended_at.does_not_exist(),
        refusal,
    )


def session_ended(member_id: str, session_id: str, now: datetime) -> Write:
    """The end of a session. Raises, at commit: NoLivingSession."""
    row = SessionRow(_member(member_id), f"session#{session_id}")
    living = SessionRow.refresh_id.exists() & SessionRow.ended_at.does_not_exist()
    return writes.update(row, [SessionRow.ended_at.set(rfc3339(now))], living, NoLivingSession())


def attempted(attempts: Attempts, who: str, now: datetime) -> Write:
    """One attempt more. Raises, at commit: TooManyAttempts."""
    ends = attempts.window_ends(now)
    few = AttemptsRow.attempts.does_not_exist() | (AttemptsRow.attempts < attempts.most)
    return writes.update(
        _attempts_row(attempts, who, now),
        [AttemptsRow.attempts.add(1), AttemptsRow.expires_at.set(ends)],
        few,
        TooManyAttempts(retry_after_seconds=max(1, ends - int(now.timestamp()))),
    )


def attempts_forgotten(attempts: Attempts, who: str, now: datetime) -> Write:
    return writes.delete(_attempts_row(attempts, who, now))


def merchant_created(merchant: Merchant) -> Write:
    row = MerchantRow(f"merchant#{merchant.merchant_id}", "merchant", merchant=merchant)
    return writes.create(row, MerchantExists())


def _member(member_id: str) -> str:
    return f"member#{member_id}"


def _member_row(member: Member, password_hash: str | None) -> MemberRow:
    return MemberRow(
        _member(member.member_id),
        "member",
        member=member,
        password_hash=password_hash,
        revision=member.revision,
    )


def _code(row: CodeRow) -> Code:
    return Code(row.code_hash, int(row.tries_left), int(row.expires_at), row.merchant_id)


def _session(row: SessionRow) -> Session:
    session_id = row.sk.removeprefix("session#")
    member_id = row.pk.removeprefix("member#")
    return Session(session_id, member_id, row.refresh_id, int(row.expires_at), row.ended_at is not None)


def _session_row(session: Session) -> SessionRow:
    return SessionRow(_member(session.member_id), f"session#{session.session_id}")


def _attempts_row(attempts: Attempts, who: str, now: datetime) -> AttemptsRow:
    return AttemptsRow(f"attempts#{attempts.name}#{who}", str(attempts.window_at(now)))
