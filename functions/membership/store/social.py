"""Identities of members at providers, and the sign-ins with a provider that are on their way."""

from typing import Any

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import parsed, rfc3339
from entrepot.kernel.refusals import NotFound
from functions.membership.domain.social import AlreadyLinked, Flow, FlowInvalid, IdentityTaken, LinkedIdentity
from functions.membership.store.keys import member_key
from functions.membership.store.members import ClaimRow, Overtaken


class IdentityRow(Row):
    """A member's identity at one provider: pk `member#<mbr>`, sk `identity#<provider>`. Reached by both; listed.

    `claim` is the key of the `ClaimRow` by which it is found: who erases a member drops both. Neither holds what the
    person is called at the provider, only a keyed hash of it.
    """

    class Meta:
        table_name = aws.name("membership")

    claim = Text()
    linked_at = Text()


class FlowRow(Row):
    """A sign-in on its way: pk `flow#<flw>`, sk "flow". Reached by its id, which state and ticket name.

    `stage` stands beside the document, which has it too, so that each step is taken once. It holds what a provider
    has said, sealed, until it ends: after ten minutes it is rubbish.
    """

    class Meta:
        table_name = aws.name("membership")

    flow = Document[Flow](Flow)
    stage = Text()
    expires_at = Number()  # seconds since 1970


def flow_begun(flow: Flow) -> Write:
    return writes.create(_flow_row(flow), Overtaken())


def flow_read(flow_id: str) -> Read[Flow]:
    return Read(FlowRow, _flow_key(flow_id), "flow", lambda row: row.flow)


def flow_moved(before: Flow, after: Flow) -> Write:
    """The next step of a flow, which nobody else has taken meanwhile. Raises, at commit: FlowInvalid."""
    return writes.put(_flow_row(after), FlowRow.stage == before.stage.value, FlowInvalid())


def flow_ended(flow: Flow) -> Write:
    """The end of a flow, which nobody else has moved or ended meanwhile. Raises, at commit: FlowInvalid."""
    return writes.delete(
        FlowRow(_flow_key(flow.flow_id), "flow"), FlowRow.stage == flow.stage.value, FlowInvalid()
    )


def identities(member_id: str) -> list[LinkedIdentity]:
    return reads.query_all(
        IdentityRow,
        member_key(member_id),
        _identity,
        where=IdentityRow.sk.startswith("identity#"),
        consistent=True,
    )


def identity_linked(member_id: str, identity: LinkedIdentity) -> tuple[Write, Write]:
    """An identity and its claim. Raises, at commit: AlreadyLinked, IdentityTaken."""
    row = IdentityRow(
        member_key(member_id),
        _identity_sk(identity.provider_id),
        claim=identity.claim,
        linked_at=rfc3339(identity.linked_at),
    )
    claim = ClaimRow(identity.claim, "identity", member_id=member_id)

    def refusal(old: Any) -> IdentityTaken | AlreadyLinked:
        return AlreadyLinked() if old is not None and old.member_id == member_id else IdentityTaken()

    return writes.create(row, AlreadyLinked()), writes.create(claim, refusal)


def identity_unlinked(member_id: str, identity: LinkedIdentity) -> tuple[Write, Write]:
    """The end of an identity and of its claim. Raises, at commit: NotFound."""
    row = IdentityRow(member_key(member_id), _identity_sk(identity.provider_id))
    claim = ClaimRow(identity.claim, "identity")
    return (
        writes.delete(row, IdentityRow.claim == identity.claim, NotFound()),
        writes.delete(claim, ClaimRow.member_id == member_id, NotFound()),
    )


def _flow_row(flow: Flow) -> FlowRow:
    return FlowRow(
        _flow_key(flow.flow_id), "flow", flow=flow, stage=flow.stage.value, expires_at=flow.expires_at
    )


def _flow_key(flow_id: str) -> str:
    return f"flow#{flow_id}"


def _identity_sk(provider_id: str) -> str:
    return f"identity#{provider_id}"


def _identity(row: IdentityRow) -> LinkedIdentity:
    return LinkedIdentity(row.sk.removeprefix("identity#"), row.claim, parsed(row.linked_at))
