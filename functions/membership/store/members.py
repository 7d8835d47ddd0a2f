"""Members with their passwords, and the claims of their addresses."""

from entrepot.cloud import aws, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Kind, Refusal
from functions.membership.domain.members import Member
from functions.membership.store.keys import member_key


class MemberRow(Row):
    """One member: pk `member#<mbr>`, sk "member". Reached by id. `revision` is that of the document."""

    class Meta:
        table_name = aws.name("membership")

    member = Document[Member](Member)
    password_hash = Text(null=True)  # none until somebody registers with the address
    revision = Number()


class ClaimRow(Row):
    """The claim of an address or a number: pk `email#<keyed hash>`, sk "email"; pk `phone#<keyed hash>`, sk "phone".

    Reached by what it claims. Made once; gone when its member has another.
    """

    class Meta:
        table_name = aws.name("membership")

    member_id = Text()


class Overtaken(Refusal):
    """Somebody else changed the same thing in between: the use case looks again."""

    code = "overtaken"
    kind = Kind.CONFLICT


def claim_read(key: str) -> Read[str]:
    """The id of the member who has an address or number, by its `address_key`."""
    return Read(ClaimRow, key, _kind(key), lambda row: str(row.member_id))


def member_read(member_id: str) -> Read[Member]:
    return Read(MemberRow, member_key(member_id), "member", lambda row: row.member)


def password_read(member_id: str) -> Read[tuple[Member, str | None]]:
    """A member with the hash of their password."""
    return Read(MemberRow, member_key(member_id), "member", lambda row: (row.member, row.password_hash))


def claimed(key: str, member_id: str, refusal: Refusal | None = None) -> Write:
    return writes.create(ClaimRow(key, _kind(key), member_id=member_id), refusal or Overtaken())


def claim_dropped(key: str, member_id: str) -> Write:
    return writes.delete(ClaimRow(key, _kind(key)), ClaimRow.member_id == member_id, Overtaken())


def created(member: Member, password_hash: str | None) -> Write:
    return writes.create(_member_row(member, password_hash), Overtaken())


def changed(member: Member, password_hash: str | None, seen: int, refusal: Refusal) -> Write:
    """The member as it is to be, where its revision is still the one seen."""
    return writes.put(_member_row(member, password_hash), MemberRow.revision == seen, refusal)


def unchanged(member: Member) -> Write:
    row = MemberRow(member_key(member.member_id), "member")
    return writes.check(row, MemberRow.revision == member.revision, Overtaken())


def _member_row(member: Member, password_hash: str | None) -> MemberRow:
    return MemberRow(
        member_key(member.member_id),
        "member",
        member=member,
        password_hash=password_hash,
        revision=member.revision,
    )


def _kind(key: str) -> str:
    return key.partition("#")[0]
