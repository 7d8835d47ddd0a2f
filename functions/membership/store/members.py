"""Members with their passwords, and the claims of their addresses.

A member's personal fields are sealed, and opened only when somebody looks at them. Signing in and registering do not,
so that there an address with an account costs no more than one without.
"""

from dataclasses import fields
from typing import Any, Final

import msgspec

from entrepot.cloud import aws, seal, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Kind, Refusal
from functions.membership.domain.members import Member
from functions.membership.store.keys import member_key

PERSONAL: Final = tuple(
    field.name for field in fields(Member) if field.name in ("email", "nickname", "phone")
)
"""What of a member is sealed, each by itself; what is None stays so."""


class MemberRow(Row):
    """One member: pk `member#<mbr>`, sk "member". Reached by id. `revision` is that of the document.

    `facts` is what a member is without the personal fields, `sealed` each of those under its name.
    """

    class Meta:
        table_name = aws.name("membership")

    facts: Document[dict[str, Any]] = Document(dict[str, Any])
    sealed: Document[dict[str, str]] = Document(dict[str, str])
    password_hash = Text(null=True)  # none until somebody registers with the address
    revision = Number()


class ClaimRow(Row):
    """The claim of an address, a number or an identity: pk `email#<keyed hash>`, sk "email"; likewise "phone" and
    "identity".

    Reached by what it claims. Made once; gone when its member has another, or has unlinked it.
    """

    class Meta:
        table_name = aws.name("membership")

    member_id = Text()


class Overtaken(Refusal):
    """Somebody else changed the same thing in between: the use case looks again."""

    code = "overtaken"
    kind = Kind.CONFLICT


def claim_read(key: str) -> Read[str]:
    """The id of the member who has an address, number or identity, by its `address_key` or `identity_key`."""
    return Read(ClaimRow, key, _kind(key), lambda row: str(row.member_id))


def member_read(member_id: str) -> Read[Member]:
    return Read(MemberRow, member_key(member_id), "member", _member)


def password_read(member_id: str) -> Read[tuple[Member, str | None]]:
    """A member with the hash of their password."""
    return Read(MemberRow, member_key(member_id), "member", _with_password)


def claimed(key: str, member_id: str, refusal: Refusal | None = None) -> Write:
    return writes.create(ClaimRow(key, _kind(key), member_id=member_id), refusal or Overtaken())


def claim_dropped(key: str, member_id: str) -> Write:
    return writes.delete(ClaimRow(key, _kind(key)), ClaimRow.member_id == member_id, Overtaken())


def created(member: Member, password_hash: str | None) -> Write:
    return writes.create(_member_row(member, password_hash), Overtaken())


def changed(member: Member, password_hash: str | None, seen: int, refusal: Refusal) -> Write:
    """The member as it is to be, where its revision is still the one seen."""
    return writes.put(_member_row(member, password_hash), MemberRow.revision == seen, refusal)


def password_stands(member_id: str, password_hash: str) -> Write:
    """The condition that the password is still the one that was compared. Raises, at commit: Overtaken."""
    row = MemberRow(member_key(member_id), "member")
    return writes.check(row, MemberRow.password_hash == password_hash, Overtaken())


def unchanged(member: Member) -> Write:
    row = MemberRow(member_key(member.member_id), "member")
    return writes.check(row, MemberRow.revision == member.revision, Overtaken())


def _member_row(member: Member, password_hash: str | None) -> MemberRow:
    return MemberRow(
        member_key(member.member_id),
        "member",
        facts={name: value for name, value in msgspec.to_builtins(member).items() if name not in PERSONAL},
        sealed={
            name: seal.sealed(value, _purpose(name), member.member_id)
            for name in PERSONAL
            if (value := getattr(member, name)) is not None
        },
        password_hash=password_hash,
        revision=member.revision,
    )


def _kind(key: str) -> str:
    return key.partition("#")[0]


class _Held(Member):
    """A member as stored: what is sealed opens when it is asked for. A changed copy of it is a plain member."""

    _sealed: dict[str, str]

    def __new__(cls, *given: Any, **named: Any) -> Member:  # type: ignore[misc]
        return Member(*given, **named)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Member) and _fields(self) == _fields(other)

    def __hash__(self) -> int:
        return hash(self.member_id)


def _opening(name: str) -> property:
    def opened(self: _Held) -> Any:
        text = self._sealed.get(name)
        return None if text is None else seal.opened(text, _purpose(name), self.member_id)

    return property(opened)


for _name in PERSONAL:
    setattr(_Held, _name, _opening(_name))


def _member(row: MemberRow) -> Member:
    plain = msgspec.convert({**dict.fromkeys(PERSONAL, ""), **row.facts}, Member)
    held: _Held = object.__new__(_Held)
    object.__setattr__(held, "_sealed", row.sealed)
    for field in fields(Member):
        if field.name not in PERSONAL:
            object.__setattr__(held, field.name, getattr(plain, field.name))
    return held


def _with_password(row: MemberRow) -> tuple[Member, str | None]:
    return _member(row), row.password_hash


def _purpose(name: str) -> str:
    return f"membership.{name}"


def _fields(member: Member) -> tuple[Any, ...]:
    return tuple(getattr(member, field.name) for field in fields(Member))
