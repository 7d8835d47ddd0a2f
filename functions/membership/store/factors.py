"""Second factors and their recovery codes."""

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Refusal
from functions.membership.domain.totp import AlreadyEnrolled, SecondFactor
from functions.membership.store.keys import keyed_hash, member_key


class FactorRow(Row):
    """A member's second factor: pk `member#<mbr>`, sk "totp". Reached by member.

    `confirmed` is 1 once a code fitted.
    """

    class Meta:
        table_name = aws.name("membership")

    secret = Text()  # sealed
    confirmed = Number()
    last_step = Number()  # steps of 30 seconds since 1970


class RecoveryRow(Row):
    """One recovery code: pk `member#<mbr>`, sk `recovery#<keyed hash>`. Reached by both; gone once used."""

    class Meta:
        table_name = aws.name("membership")


def factor_read(member_id: str) -> Read[SecondFactor]:
    return Read(FactorRow, member_key(member_id), "totp", _factor)


def factor_offered(member_id: str, sealed_secret: str) -> Write:
    """A factor to be confirmed, in place of one that never was. Raises, at commit: AlreadyEnrolled."""
    row = _row(member_id)
    row.secret, row.confirmed, row.last_step = sealed_secret, 0, 0
    free = FactorRow.pk.does_not_exist() | (FactorRow.confirmed == 0)
    return writes.put(row, free, AlreadyEnrolled())


def factor_used(member_id: str, factor: SecondFactor, step: int, refusal: Refusal) -> Write:
    """A code of this step is used, and confirms the factor; no code of this step or before is good any more."""
    same = (FactorRow.secret == factor.sealed_secret) & (FactorRow.last_step < step)
    actions = [FactorRow.last_step.set(step), FactorRow.confirmed.set(1)]
    return writes.update(_row(member_id), actions, same, refusal)


def factor_removed(member_id: str, refusal: Refusal) -> Write:
    return writes.delete(_row(member_id), FactorRow.confirmed == 1, refusal)


def recovery_set(member_id: str, code: str) -> Write:
    return writes.put(_recovery(member_id, code))


def recovery_used(member_id: str, code: str, refusal: Refusal) -> Write:
    row = _recovery(member_id, code)
    return writes.delete(row, RecoveryRow.pk.exists(), refusal)


def recovery_dropped(member_id: str) -> list[Write]:
    """The end of every recovery code that is left."""
    where = RecoveryRow.sk.startswith("recovery#")
    rows = reads.query_all(
        RecoveryRow, member_key(member_id), lambda row: row.sk, where=where, consistent=True
    )
    return [writes.delete(RecoveryRow(member_key(member_id), sk)) for sk in rows]


def _recovery(member_id: str, code: str) -> RecoveryRow:
    hashed = keyed_hash("recovery", f"{member_id}:{code}")
    return RecoveryRow(member_key(member_id), f"recovery#{hashed}")


def _row(member_id: str) -> FactorRow:
    return FactorRow(member_key(member_id), "totp")


def _factor(row: FactorRow) -> SecondFactor:
    return SecondFactor(row.secret, bool(row.confirmed), int(row.last_step))
