"""typst: a paper's sheet becomes a PDF, with the letters that it uses embedded."""

import importlib.util
import os
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import typst

from functions.logistics.domain.paperwork import Sheet

TEMPLATE: Final = Path(__file__).parent / "data" / "papers.typ"
_FONTS: Final = ("fontpkg_noto_sans", "fontpkg_noto_sans_thai", "noto_cjk_sans_jp_regular")


def rendered(sheet: Sheet) -> bytes:
    """The sheet as a PDF; the same sheet gives the same bytes."""
    made = _compiler().compile(
        format="pdf",
        sys_inputs={"sheet": msgspec.json.encode(sheet).decode()},
        timestamp=datetime.combine(sheet.dated, time(), UTC),
    )
    assert isinstance(made, bytes), "a PDF is one file"
    return made


@cache
def _compiler() -> typst.Compiler:
    """One for a process, which remembers the fonts that it has read."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(_folder(name)) for name in _FONTS],
    )
    # Nothing may be fetched: a folder that is not there holds no packages.
    nowhere = os.devnull
    return typst.Compiler(TEMPLATE, font_paths=fonts, package_path=nowhere, package_cache_path=nowhere)


def _folder(package: str) -> Path:
    """Where a package of fonts lies. Raises: ModuleNotFoundError."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the fonts of {package} are not installed", name=package)
    return Path(spec.origin).parent
