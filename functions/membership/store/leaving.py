"""The end of a member: everything under their key, the claims of how they were reached, and their place in a staff."""

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Busy, NotFound
from functions.membership.domain.members import LastOwner, Member, Role
from functions.membership.store.keys import member_key
from functions.membership.store.members import MemberRow

PLATFORM = "platform"


class StaffRow(Row):
    """Who works for a merchant or for the platform: pk `merchant#<mrc>` or "platform", sk `staff#<mbr>`.

    Reached by both, and listed by either.
    """

    class Meta:
        table_name = aws.name("membership")

    role = Text()


class OwnRow(Row):
    """Any row that stands under a member's key, by its key alone: to list and to drop it, whatever it is."""

    class Meta:
        table_name = aws.name("membership")


def living(member_id: str) -> Write:
    """The condition that somebody is a member still. Raises, at commit: NotFound."""
    return writes.check(MemberRow(member_key(member_id), "member"), MemberRow.revision.exists(), NotFound())


def staff_joined(member: Member) -> list[Write]:
    """The note that a member works for a merchant or the platform; nothing where they do not."""
    if member.role is Role.SHOPPER:
        return []
    return [writes.put(StaffRow(_place(member), f"staff#{member.member_id}", role=member.role.value))]


def staff_moved(before: Member, after: Member) -> list[Write]:
    """The note of the place that a member has now, and the end of that of another place before."""
    left = before.role is not Role.SHOPPER and (after.role is Role.SHOPPER or _place(before) != _place(after))
    gone = [writes.delete(StaffRow(_place(before), f"staff#{before.member_id}"))] if left else []
    return [*gone, *staff_joined(after)]


def removed(member: Member) -> Write:
    """The end of the account itself, where nobody has changed it meanwhile. Raises, at commit: Busy."""
    row = MemberRow(member_key(member.member_id), "member")
    return writes.delete(row, MemberRow.revision == member.revision, Busy())


def staff_left(member: Member) -> list[Write]:
    """The end of a member's place. An owner goes while another stays, which holds when two of them go at once.

    Raises: LastOwner, at commit too.
    """
    if member.role is Role.SHOPPER:
        return []
    place = _place(member)
    left = [writes.delete(StaffRow(place, f"staff#{member.member_id}"))]
    if member.role not in (Role.MERCHANT, Role.OPERATOR):
        return left
    others = [
        sk for sk, role in _staff(place) if role == member.role.value and sk != f"staff#{member.member_id}"
    ]
    if not others:
        raise LastOwner
    stays = writes.check(StaffRow(place, others[0]), StaffRow.role == member.role.value, LastOwner())
    return [*left, stays]


def staff_of(merchant_id: str) -> list[tuple[str, str]]:
    """Who works for a merchant: each member's id and role."""
    return [(sk.removeprefix("staff#"), role) for sk, role in _staff(f"merchant#{merchant_id}")]


def _staff(place: str) -> list[tuple[str, str]]:
    return reads.query_all(
        StaffRow,
        place,
        lambda row: (row.sk, row.role),
        where=StaffRow.sk.startswith("staff#"),
        consistent=True,
    )


def traces(member_id: str) -> list[str]:
    """The keys of all that stands under a member's key."""
    return reads.query_all(OwnRow, member_key(member_id), lambda row: str(row.sk), consistent=True)


def traces_dropped(member_id: str, keys: list[str]) -> list[Write]:
    return [writes.delete(OwnRow(member_key(member_id), key)) for key in keys]


def _place(member: Member) -> str:
    return f"merchant#{member.merchant_id}" if member.merchant_id else PLATFORM
