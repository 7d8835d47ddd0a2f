"""The commands of a page: its blocks of `sh`, also those within a list."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "runbooks"

_BLOCK: Final = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """`number` counts from one within the page; `line` is where its commands begin."""

    page: str
    number: int
    line: int
    commands: str


def blocks(page: str, folder: Path = PAGES) -> list[Block]:
    """The page's blocks, in order. `page` is the file's name without `.md`."""
    text = (folder / f"{page}.md").read_text(encoding="utf-8")
    return [
        Block(page, number, text.count("\n", 0, found.start(2)) + 1, textwrap.dedent(found[2]))
        for number, found in enumerate(_BLOCK.finditer(text), start=1)
    ]
