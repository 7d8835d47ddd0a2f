"""Statements as PDF: how far each is."""

from typing import ClassVar

from entrepot.cloud import aws, reads, writes
from entrepot.cloud.rows import Number, Row, Text
from entrepot.cloud.writes import Write
from entrepot.kernel.clock import parsed, rfc3339
from entrepot.kernel.refusals import Kind, Refusal
from functions.settlement.domain.statement_paper import Paper, PaperState


class PaperMoved(Refusal):
    """Somebody else asked for it, or wrote it, in between."""

    code: ClassVar[str] = "paper_moved"
    kind: ClassVar[Kind] = Kind.CONFLICT


class PaperRow(Row):
    """The PDF of a statement as it was last asked for: pk `statement#<id>`, sk "paper". Reached by statement."""

    class Meta:
        table_name = aws.name("settlement")

    form = Number()
    state = Text()
    asked_at = Text()


def paper_read(statement_id: str) -> reads.Read[Paper]:
    return reads.Read(PaperRow, f"statement#{statement_id}", "paper", _paper)


def paper_told(paper: Paper, seen: Paper | None) -> Write:
    """In the place of what was seen. Raises, at commit: PaperMoved."""
    if seen is None:
        return writes.create(_row(paper), PaperMoved())
    same = (PaperRow.state == seen.state.value) & (PaperRow.asked_at == rfc3339(seen.asked_at))
    return writes.put(_row(paper), same, PaperMoved())


def _row(paper: Paper) -> PaperRow:
    return PaperRow(
        f"statement#{paper.statement_id}",
        "paper",
        form=paper.form,
        state=paper.state.value,
        asked_at=rfc3339(paper.asked_at),
    )


def _paper(row: PaperRow) -> Paper:
    statement_id = row.pk.partition("#")[2]
    return Paper(statement_id, int(row.form), PaperState(row.state), parsed(row.asked_at))
