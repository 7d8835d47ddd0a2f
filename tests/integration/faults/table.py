"""The table that `make faults` prints: rows are faults, columns use cases, a cell how often it struck and what came."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.integration.faults.judged import brief
from tests.integration.faults.run import Cell

_MOST_TOLD: Final = 8
LEGEND: Final = (
    "ok 12: struck twelve times, and it ended as in calm · –: it makes no request, or gets no message, that this "
    "could strike\nnone: it could have struck and did not, which shows nothing · WRONG: see below"
)


def shown(cell: Cell) -> str:
    if cell.wrong:
        return f"WRONG {cell.struck}"
    if cell.possible == 0:
        return "–"
    return f"ok {cell.struck}" if cell.struck else "none"


def table(cells: Sequence[Cell]) -> list[str]:
    """Lines of equal columns, in the order in which faults and cases come."""
    faults = list(dict.fromkeys(cell.fault for cell in cells))
    cases = list(dict.fromkeys(cell.case for cell in cells))
    found: Mapping[tuple[str, str], Cell] = {(cell.fault, cell.case): cell for cell in cells}
    first = max(map(len, [*faults, "fault"]))
    texts = {place: shown(cell) for place, cell in found.items()}
    widths = [max(len(case), *(len(texts.get((fault, case), "")) for fault in faults)) for case in cases]
    head = "  ".join(
        [f"{'fault':{first}}", *(f"{case:>{width}}" for case, width in zip(cases, widths, strict=True))]
    )
    lines = [head, "─" * len(head)]
    for fault in faults:
        row = (f"{texts.get((fault, case), ''):>{width}}" for case, width in zip(cases, widths, strict=True))
        lines.append("  ".join([f"{fault:{first}}", *row]))
    return lines


def wrongs(cells: Sequence[Cell], seed: str) -> list[str]:
    """What went wrong, cell by cell, and how to see it again."""
    lines = []
    for cell in cells:
        if cell.right:
            continue
        again = f"make faults FAULT='{cell.fault}' CASE={cell.case} SEED={seed}"
        lines.append(f"{cell.case} under {cell.fault}, struck {cell.struck} of {cell.possible}   ({again})")
        lines += [f"    {brief(each, cell.wrong)}" for each in cell.wrong[:_MOST_TOLD]]
        if len(cell.wrong) > _MOST_TOLD:
            lines.append(f"    and {len(cell.wrong) - _MOST_TOLD} more")
    return lines


def story(cell: Cell) -> list[str]:
    """One cell in full: each strike, and who asked again."""
    lines = [f"{strike.number:5}  {strike.request}: {strike.what}" for strike in cell.strikes]
    return [*lines, *(f"  again  {who}: {times}" for who, times in cell.again.items())]
