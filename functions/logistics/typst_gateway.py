"""typst: a paper's sheet becomes a PDF, with the letters that it uses embedded."""

import importlib.util
import os
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import typst

from functions.logistics.domain.paperwork import Sheet

TEMPLATE: Final = Path(__file__).parent / "data" / "papers.typ"
_FONTS: Final = ("fontpkg_noto_sans", "fontpkg_noto_sans_thai", "noto_cjk_sans_jp_regular")


def rendered(sheet: Sheet) -> bytes:
    """The sheet as a PDF; the same sheet gives the same bytes."""
    return typeset(TEMPLATE, sheet, sheet.dated)


def typeset(template: Path, sheet: Any, dated: date) -> bytes:
    """What a template makes of a sheet, which it reads as JSON: a PDF. The same gives the same bytes."""
    made = _compiler(template).compile(
        format="pdf",
        sys_inputs={"sheet": msgspec.json.encode(sheet).decode()},
        timestamp=datetime.combine(dated, time(), UTC),
    )
    assert isinstance(made, bytes), "a PDF is one file"
    return made


@cache
def _compiler(template: Path) -> typst.Compiler:
    """One for a process and template, which remembers the fonts that it has read."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(_folder(name)) for name in _FONTS],
    )
    # Nothing may be fetched: a folder that is not there holds no packages.
    nowhere = os.devnull
    return typst.Compiler(template, font_paths=fonts, package_path=nowhere, package_cache_path=nowhere)


def _folder(package: str) -> Path:
    """Where a package of fonts lies. Raises: ModuleNotFoundError."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the fonts of {package} are not installed", name=package)
    return Path(spec.origin).parent
