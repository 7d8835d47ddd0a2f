"""What a use case's route is given and gives back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from entrepot.cloud import aws
from entrepot.cloud.auth import Principal, Unauthenticated
from entrepot.cloud.idempotency import Once
from entrepot.kernel.pagination import opened_cursor, sealed_cursor
from entrepot.kernel.refusals import Kind, Refusal

T = TypeVar("T")


class IfMatchRequired(Refusal):
    code = "if_match_required"
    kind = Kind.PRECONDITION_MISSING
    title = "This change needs If-Match with the ETag last seen."


class Stale(Refusal):
    code = "stale"
    kind = Kind.STALE
    title = "It was changed since it was read; read it again."


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its body (a struct, or text that is already JSON), and what differs from the route's default."""

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_status(self, default: int) -> "Reply":
        return self if self.status is not None else replace(self, status=default)


class Tagged(Reply, Generic[T]):
    """An answer with the ETag of its revision, whose body is a T."""

    __slots__ = ()


def tagged(body: T, revision: int) -> Tagged[T]:
    return Tagged(body, headers={"ETag": f'"{revision}"'})


@dataclass(frozen=True, slots=True)
class Call:
    """One request after the edge: who calls, when, and what was sent. Header names are in lower case."""

    principal: Principal | None
    now: datetime
    headers: Mapping[str, str]
    route: str
    path: Mapping[str, str]
    query: Any
    raw: bytes
    body: Any
    address: str = ""
    """Where on the network the request came from, as the gateway saw it; empty where it does not say."""
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def member(self) -> Principal:
        """Who is signed in. Raises: Unauthenticated."""
        if self.principal is None:
            raise Unauthenticated
        return self.principal

    @property
    def merchant_id(self) -> str:
        """The merchant whose staff calls; routes allowed to merchants only have one."""
        merchant_id = self.member.merchant_id
        assert merchant_id is not None, "a merchant's token names its merchant"
        return merchant_id

    def revision(self) -> int:
        """The revision that If-Match names.

        Raises: IfMatchRequired, or Stale where it is no ETag of ours.
        """
        given = self.headers.get("if-match")
        if not given:
            raise IfMatchRequired(field="If-Match")
        text = given.strip().removeprefix("W/").strip('"')
        # No revision of ours has 19 digits, and Python refuses to read numbers of thousands.
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise Stale(field="If-Match")
        return int(text)

    def once(self, holder: str) -> Once:
        """This request under its Idempotency-Key; `holder` is the member, or the quote of a guest."""
        content = msgspec.json.encode([self.route, dict(self.path), self.body], order="sorted")
        digest = hashlib.sha256(content).hexdigest()
        return Once(f"{self.route}#{holder}", self.headers["idempotency-key"], digest, self.now)

    def after(self, cursor: str | None, binding: str) -> dict[str, str] | None:
        """Where a list goes on, from the cursor of the last page. Raises: BadCursor."""
        if cursor is None:
            return None
        return opened_cursor(cursor, self._bound(binding), aws.secret("cursor_key").encode())

    def cursor(self, next_key: Mapping[str, str] | None, binding: str) -> str | None:
        """The cursor for the next page, bound to the caller and to `binding` (the list and its filter)."""
        if next_key is None:
            return None
        return sealed_cursor(next_key, self._bound(binding), aws.secret("cursor_key").encode())

    def _bound(self, binding: str) -> str:
        caller = self.principal
        who = f"{caller.side}:{caller.merchant_id or caller.member_id}" if caller else "public"
        return f"{who}|{self.route}|{binding}"
