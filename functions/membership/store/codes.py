"""Codes that were sent, and the tries left to each."""

from datetime import datetime
from typing import Final

from entrepot.cloud import aws, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Refusal
from functions.membership.domain.members import Code
from functions.membership.store.keys import member_key

REGISTRATION: Final = "code#registration"
INVITATION: Final = "code#invitation"
SIGN_IN: Final = "code#sign-in"
CONTACT: Final = "code#contact"
PASSWORD: Final = "code#password"


class CodeRow(Row):
    """The living code of one kind: pk `member#<mbr>`, sk `code#<kind>`. Reached by both; gone once used."""

    class Meta:
        table_name = aws.name("membership")

    code_hash = Text()
    tries_left = Number()
    merchant_id = Text(null=True)  # whose staff an invitation's code makes its member; none: the platform's
    role = Text(null=True)  # the role that it makes them
    contact = Text(null=True)  # the new address or number that it confirms, sealed
    expires_at = Number()  # seconds since 1970


def code_read(member_id: str, kind: str) -> Read[Code]:
    return Read(CodeRow, member_key(member_id), kind, _code)


def code_set(member_id: str, kind: str, code: Code) -> Write:
    """The one living code of its kind; an earlier one is void."""
    row = CodeRow(
        member_key(member_id),
        kind,
        code_hash=code.code_hash,
        tries_left=code.tries_left,
        merchant_id=code.merchant_id,
        contact=code.contact,
        role=code.role,
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
    return writes.update(CodeRow(member_key(member_id), kind), [CodeRow.tries_left.add(-1)], alive, refusal)


def code_used(member_id: str, kind: str, code_hash: str, refusal: Refusal) -> Write:
    return writes.delete(CodeRow(member_key(member_id), kind), CodeRow.code_hash == code_hash, refusal)


def code_dropped(member_id: str, kind: str) -> Write:
    """The end of a code, where there is one."""
    return writes.delete(CodeRow(member_key(member_id), kind))


def _code(row: CodeRow) -> Code:
    return Code(
        row.code_hash,
        int(row.tries_left),
        int(row.expires_at),
        row.merchant_id,
        role=row.role,
        contact=row.contact,
    )
