"""Refusing goods that a country does not let in, or only with a permit."""

from functions.customs.domain.case import Case
from functions.customs.domain.consignment import ConsignmentLine
from functions.customs.domain.refusals import GoodsProhibited, GoodsRestricted
from functions.customs.domain.rulebook import Restriction


def refuse_barred_goods(case: Case) -> None:
    """Raises: GoodsProhibited, GoodsRestricted: a row of the destination means a line of an import."""
    goods = case.consignment
    for row in case.book.restrictions_for(goods.destination_country, case.on):
        for line in case.lines:
            field = _field(row, line, goods.conveyance)
            if field is not None:
                refusal = GoodsProhibited if row.kind == "prohibited" else GoodsRestricted
                raise refusal(
                    f"{row.title}. {row.remedy}",
                    row=row.row_id,
                    line=line.key,
                    field=field,
                    destination=goods.destination_country,
                    source=row.source,
                )


def _field(row: Restriction, line: ConsignmentLine, conveyance: str | None) -> str | None:
    """By which field of a line the row means it; None where it does not."""
    named = (
        (row.hazards, "hazards", any(hazard in row.hazards for hazard in line.hazards)),
        (row.hs_prefixes, "hs_code", line.hs_code.startswith(row.hs_prefixes)),
        (row.origins, "origin_country", line.origin_country in row.origins),
        (row.conveyances, "conveyance", conveyance in row.conveyances),
    )
    if not all(met for values, _, met in named if values):
        return None
    return next(field for values, field, _ in named if values)
