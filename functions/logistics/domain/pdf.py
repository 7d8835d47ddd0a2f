"""A small writer of PDF pages: Latin text in Helvetica, Chinese, Japanese and Korean in the fonts that viewers bring.

Source: ISO 32000-1, 7.5 (file structure), 9.6.2.2 (standard fonts), 9.7.5.2 (predefined CMaps). Widths of Helvetica:
Adobe's font metrics of the 14 standard fonts.
"""

import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

WIDTH: Final = 595
HEIGHT: Final = 842
_LATIN: Final = "F1"
_BOLD: Final = "F2"
_CHINESE: Final = "F3"
_JAPANESE: Final = "F4"
_KOREAN: Final = "F5"
_CID: Final = {
    _CHINESE: ("STSong-Light", "UniGB-UCS2-H", "GB1", 4),
    _JAPANESE: ("HeiseiMin-W3", "UniJIS-UCS2-H", "Japan1", 2),
    _KOREAN: ("HYSMyeongJo-Medium", "UniKS-UCS2-H", "Korea1", 1),
}
_WIDTHS: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
)  # fmt: skip
"""Of the characters from the space to the tilde, in thousandths of the size."""

_PLAIN: Final = str.maketrans("łŁđĐıħĦŧŦ", "lLdDihHtT")
_UNKNOWN: Final = "?"


class Page:
    """One page of A4, measured in points from its lower left corner."""

    def __init__(self) -> None:
        self._drawn: list[str] = []
        self.east_asian: set[str] = set()

    def text(self, x: float, y: float, text: str, size: float = 9, *, bold: bool = False) -> None:
        self._drawn.append(f"BT {x:.2f} {y:.2f} Td")
        for font, run in _runs(text, bold):
            self.east_asian.update(run if font in _CID else "")
            self._drawn.append(f"/{font} {size:g} Tf <{_encoded(font, run)}> Tj")
        self._drawn.append("ET")

    def right(self, x: float, y: float, text: str, size: float = 9, *, bold: bool = False) -> None:
        """Text that ends at `x`."""
        self.text(x - width(text, size, bold=bold), y, text, size, bold=bold)

    def rule(self, x1: float, x2: float, y: float) -> None:
        self._drawn.append(f"0.5 w {x1:.2f} {y:.2f} m {x2:.2f} {y:.2f} l S")

    @property
    def content(self) -> bytes:
        return "\n".join(self._drawn).encode("ascii")


def width(text: str, size: float = 9, *, bold: bool = False) -> float:
    """How wide a text is set, in points."""
    thousandths = sum(_glyph_width(font, letter) for font, run in _runs(text, bold) for letter in run)
    return thousandths * size / 1000


def wrapped(text: str, room: float, size: float = 9) -> list[str]:
    """`text` in lines no wider than `room`, broken at spaces, or inside a word that is wider by itself."""
    lines: list[str] = []
    line = ""
    for word in text.split() or [""]:
        rest = word
        while width(f"{line} {rest}".strip(), size) > room:
            if line:
                lines.append(line)
                line = ""
                continue
            fits = next(n for n in range(len(rest), 0, -1) if n == 1 or width(rest[:n], size) <= room)
            if fits == len(rest):
                break
            lines.append(rest[:fits])
            rest = rest[fits:]
        line = f"{line} {rest}".strip()
    return [*lines, line]


def rendered(pages: list[Page], title: str) -> bytes:
    """The pages as one PDF, the same bytes for the same pages."""
    objects: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    fonts = _fonts(objects, {letter for page in pages for letter in page.east_asian})
    kids = []
    for page in pages:
        content = zlib.compress(page.content)
        objects.append(b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content))
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Resources<</Font<<{fonts}>>>>"
            f"/Contents {len(objects)} 0 R>>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>".encode()
    objects.append(b"<</Title<%s>>>" % title.encode("utf-16").hex().encode())
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    """Objects, numbered from 1, with the table that says where each begins; the last is the document's information."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R/Info %d 0 R>>\n" % (len(objects) + 1, len(objects))
    out += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)


def _fonts(objects: list[bytes], east_asian: set[str]) -> str:
    """Adds the font objects; returns the names under which a page finds them."""
    named = []
    for name, base in ((_LATIN, "Helvetica"), (_BOLD, "Helvetica-Bold")):
        objects.append(f"<</Type/Font/Subtype/Type1/BaseFont/{base}/Encoding/WinAnsiEncoding>>".encode())
        named.append(f"/{name} {len(objects)} 0 R")
    objects.append(_to_unicode(east_asian))
    to_unicode = len(objects)
    for name, (base, cmap, ordering, supplement) in _CID.items():
        objects.append(
            f"<</Type/FontDescriptor/FontName/{base}/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 752"
            "/Descent -271/CapHeight 737/StemV 58>>".encode()
        )
        objects.append(
            f"<</Type/Font/Subtype/CIDFontType0/BaseFont/{base}/DW 1000/FontDescriptor {len(objects)} 0 R"
            f"/CIDSystemInfo<</Registry(Adobe)/Ordering({ordering})/Supplement {supplement}>>>>".encode()
        )
        objects.append(
            f"<</Type/Font/Subtype/Type0/BaseFont/{base}-{cmap}/Encoding/{cmap}/ToUnicode {to_unicode} 0 R"
            f"/DescendantFonts[{len(objects)} 0 R]>>".encode()
        )
        named.append(f"/{name} {len(objects)} 0 R")
    return "".join(named)


def _to_unicode(letters: Iterable[str]) -> bytes:
    """That the code of a letter is the letter, for those who copy or search text."""
    pairs = [f"<{ord(letter):04X}><{ord(letter):04X}>" for letter in sorted(letters)]
    parts = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    body = "".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in parts)
    cmap = (
        "/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CMapName/Ucs2 def/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n{body}endcmap end end"
    )
    packed = zlib.compress(cmap.encode())
    return b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed)


def _runs(text: str, bold: bool) -> Iterator[tuple[str, str]]:
    """The text in parts of one font, each character in a form that its font has."""
    font, run = "", ""
    for letter in _settable(text):
        needed = _font(letter, bold)
        if needed != font and run:
            yield font, run
            run = ""
        font = needed
        run += letter
    if run:
        yield font, run


def _settable(text: str) -> str:
    return "".join(
        letter if _is_latin(letter) or _is_cid(letter) else _simplified(letter)
        for letter in unicodedata.normalize("NFC", text)
    )


def _simplified(letter: str) -> str:
    """A letter without its marks, as a label bears it; a sign for one that no font here has."""
    plain = unicodedata.normalize("NFKD", letter.translate(_PLAIN))
    kept = "".join(part for part in plain if not unicodedata.combining(part))
    return kept if kept and all(map(_is_latin, kept)) else _UNKNOWN


@cache
def _is_latin(letter: str) -> bool:
    return letter >= " " and letter != "\x7f" and bool(letter.encode("cp1252", "ignore"))


def _is_cid(letter: str) -> bool:
    """Greek, Cyrillic, and what is written in East Asia, in Unicode's first plane."""
    code = ord(letter)
    return (
        0x391 <= code <= 0x3C9
        or 0x410 <= code <= 0x44F
        or 0x3000 <= code <= 0xD7A3
        or 0xFF01 <= code <= 0xFFE6
    )


@cache
def _font(letter: str, bold: bool) -> str:
    if _is_latin(letter):
        return _BOLD if bold else _LATIN
    code = ord(letter)
    if 0x3040 <= code <= 0x30FF:
        return _JAPANESE
    return _KOREAN if 0x3130 <= code <= 0x318F or 0xAC00 <= code <= 0xD7A3 else _CHINESE


def _encoded(font: str, run: str) -> str:
    return run.encode("utf-16-be" if font in _CID else "cp1252").hex()


@cache
def _glyph_width(font: str, letter: str) -> int:
    if font in _CID:
        return 1000
    base = unicodedata.normalize("NFKD", letter)[0]
    thousandths = _WIDTHS[ord(base) - 32] if " " <= base <= "~" else 600
    # Of Helvetica-Bold no letter is wider than its thin sister by more than this.
    return thousandths + 56 if font == _BOLD else thousandths
