"""Sessions, each with its one living refresh token."""

from collections.abc import Mapping
from datetime import datetime

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import parsed, rfc3339
from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import Kind, Refusal
from functions.membership.domain.members import Session
from functions.membership.store.keys import member_key
from functions.membership.store.members import Overtaken


class SessionRow(Row):
    """One session: pk `member#<mbr>`, sk `session#<ses>`. Reached by both, and listed by member."""

    class Meta:
        table_name = aws.name("membership")

    refresh_id = Text()
    opened_at = Text(null=True)
    used_at = Text(null=True)  # when it was last refreshed
    method = Text(null=True)  # how its member signed in
    device = Text(null=True)
    ended_at = Text(null=True)
    expires_at = Number()  # seconds since 1970


class NoLivingSession(Refusal):
    code = "no_living_session"
    kind = Kind.CONFLICT


def session_read(member_id: str, session_id: str) -> Read[Session]:
    return Read(SessionRow, member_key(member_id), f"session#{session_id}", _session)


def sessions(member_id: str, limit: int, after: Mapping[str, str] | None) -> Page[Session]:
    """Sessions of a member, newest first, ended ones left out; who asks looks at their end by themselves."""
    return reads.query(
        SessionRow,
        member_key(member_id),
        _session,
        where=SessionRow.sk.startswith("session#"),
        only=SessionRow.ended_at.does_not_exist(),
        limit=limit,
        newest_first=True,
        after=after,
        consistent=True,
    )


def every_session(member_id: str) -> list[Session]:
    return reads.query_all(
        SessionRow,
        member_key(member_id),
        _session,
        where=SessionRow.sk.startswith("session#"),
        only=SessionRow.ended_at.does_not_exist(),
        consistent=True,
    )


def all_sessions(member_id: str) -> list[Session]:
    """Every session that is kept, ended ones too."""
    where = SessionRow.sk.startswith("session#")
    return reads.query_all(SessionRow, member_key(member_id), _session, where=where, consistent=True)


def session_opened(session: Session) -> Write:
    row = SessionRow(
        member_key(session.member_id),
        f"session#{session.session_id}",
        refresh_id=session.refresh_id,
        opened_at=rfc3339(session.opened_at) if session.opened_at else None,
        method=session.method,
        device=session.device,
        expires_at=session.expires_at,
    )
    return writes.create(row, Overtaken())


def session_refreshed(session: Session, presented: str, now: datetime, refusal: Refusal) -> Write:
    """The session's next refresh token, where `presented` is still the living one."""
    return writes.update(
        _session_row(session),
        [
            SessionRow.refresh_id.set(session.refresh_id),
            SessionRow.used_at.set(rfc3339(now)),
            SessionRow.expires_at.set(session.expires_at),
        ],
        (SessionRow.refresh_id == presented) & SessionRow.ended_at.does_not_exist(),
        refusal,
    )


def session_lives(member_id: str, session_id: str, now: datetime, refusal: Refusal) -> Write:
    """The condition that a session has neither ended nor expired."""
    row = SessionRow(member_key(member_id), f"session#{session_id}")
    living = SessionRow.ended_at.does_not_exist() & (SessionRow.expires_at > int(now.timestamp()))
    return writes.check(row, living, refusal)


def session_ended(member_id: str, session_id: str, now: datetime) -> Write:
    """The end of a session. Raises, at commit: NoLivingSession."""
    row = SessionRow(member_key(member_id), f"session#{session_id}")
    living = SessionRow.refresh_id.exists() & SessionRow.ended_at.does_not_exist()
    return writes.update(row, [SessionRow.ended_at.set(rfc3339(now))], living, NoLivingSession())


def _session(row: SessionRow) -> Session:
    session_id = row.sk.removeprefix("session#")
    member_id = row.pk.removeprefix("member#")
    return Session(
        session_id,
        member_id,
        row.refresh_id,
        int(row.expires_at),
        ended=row.ended_at is not None,
        opened_at=parsed(row.opened_at) if row.opened_at else None,
        used_at=parsed(row.used_at) if row.used_at else None,
        method=row.method or "password",
        device=row.device or "",
    )


def _session_row(session: Session) -> SessionRow:
    return SessionRow(member_key(session.member_id), f"session#{session.session_id}")
