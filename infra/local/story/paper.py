"""How the story is set: a hundred columns, headings, tables whose figures stand in line, amounts in words."""

import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from entrepot.kernel.money import Money

COLUMNS: Final = 100
INDENT: Final = 4
_GAP: Final = 2

Write = Callable[[str], None]


class Paper:
    """Sets text line by line; `write` takes each line."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._chapters = 0

    def chapter(self, title: str) -> None:
        """A numbered heading with a rule to the right margin."""
        self._chapters += 1
        head = f"── {self._chapters}  {title} "
        self._write("")
        self._write(head + "─" * max(3, COLUMNS - width(head)))

    def call(self, line: str, outcome: str, note: str = "") -> None:
        """The call that makes a step, and what came of it; the note below where it does not fit beside."""
        text = f"  ▸ {line}  →  {outcome}"
        beside = f"{text}   {note}" if note else text
        if width(beside) <= COLUMNS:
            self._write(beside)
        else:
            self._write(text)
            self.say(note)

    def say(self, text: str) -> None:
        """A sentence or two."""
        pad = " " * INDENT
        for line in textwrap.wrap(text, COLUMNS - INDENT, break_on_hyphens=False):
            self._write(pad + line)

    def space(self) -> None:
        self._write("")

    def table(self, rows: Iterable[Sequence[str]], align: str, head: Sequence[str] = ()) -> None:
        """Rows of cells; `align` has l or r for each column. A last column that is too wide is wrapped."""
        body = [tuple(row) for row in rows]
        everything = [tuple(head), *body] if head else body
        if not everything:
            return
        widths = [max(width(row[index]) for row in everything) for index in range(len(align))]
        room = COLUMNS - INDENT - sum(widths[:-1]) - _GAP * (len(widths) - 1)
        widths[-1] = min(widths[-1], room)
        for number, row in enumerate(everything):
            for line in _lines(row, align, widths):
                self._write(line)
            if head and number == 0:
                self._write(" " * INDENT + "─" * (sum(widths) + _GAP * (len(widths) - 1)))


def money(document: Mapping[str, Any]) -> str:
    """An amount of the API: "EUR 75.61"."""
    return str(Money(document["amount"], document["currency"]))


def minor(amount: int, currency: str) -> str:
    """Minor units: "EUR 75.61"; nothing for zero, as ledgers leave it."""
    return str(Money(amount, currency)) if amount else ""


def moment(text: str) -> str:
    """A time of the API to the second: "2026-11-22 18:04:31"."""
    return text[:19].replace("T", " ")


def percent(basis_points: int) -> str:
    """750 → "7.5 %"."""
    return f"{basis_points / 100:g} %"


def width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _lines(row: Sequence[str], align: str, widths: Sequence[int]) -> Iterable[str]:
    last = (
        textwrap.wrap(row[-1], max(20, widths[-1]), break_on_hyphens=False) if align[-1] == "l" else [row[-1]]
    )
    for number, part in enumerate(last or [""]):
        cells = [*row[:-1], part] if number == 0 else [""] * (len(row) - 1) + [part]
        set_cells = [_cell(cell, side, wide) for cell, side, wide in zip(cells, align, widths, strict=True)]
        yield (" " * INDENT + (" " * _GAP).join(set_cells)).rstrip()


def _cell(text: str, side: str, wide: int) -> str:
    pad = " " * max(0, wide - width(text))
    return pad + text if side == "r" else text + pad
