"""Refusing goods that a country does not let in, or only with a permit."""

from functions.customs.domain.case import Case
from functions.customs.domain.consignment import ConsignmentLine
from functions.customs.domain.refusals import GoodsProhibited, GoodsRestricted
from functions.customs.domain.rulebook import Restriction


def refuse_barred_goods(case: Case) -> None:
    """Raises: GoodsProhibited, GoodsRestricted: a row of the destination means a line of an import."""
    goods = case.consignment
    for row in case.book.restrictions_for(goods.destination_country, case.on):
        if row.conveyances and goods.conveyance not in row.conveyances:
            continue
        for line in case.lines:
            if _means(row, line):
                refusal = GoodsProhibited if row.kind == "prohibited" else GoodsRestricted
                raise refusal(
                    f"{row.title}. {row.remedy}",
                    row=row.row_id,
                    line=line.key,
                    field=_field(row),
                    destination=goods.destination_country,
                    source=row.source,
                )


def _means(row: Restriction, line: ConsignmentLine) -> bool:
    """Whether the row means a line by all that it names of goods."""
    return (
        (not row.hs_prefixes or line.hs_code.startswith(row.hs_prefixes))
        and (not row.origins or line.origin_country in row.origins)
        and (not row.hazards or any(hazard in row.hazards for hazard in line.hazards))
    )


def _field(row: Restriction) -> str:
    """The field of a line, or of the consignment, by which the row means goods first of all."""
    named = (
        ("hazards", row.hazards),
        ("hs_code", row.hs_prefixes),
        ("origin_country", row.origins),
        ("conveyance", row.conveyances),
    )
    return next(field for field, values in named if values)
