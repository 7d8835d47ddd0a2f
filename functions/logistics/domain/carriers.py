"""Carriers and the shape of a tracking number."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from entrepot.kernel.refusals import Kind, Refusal

_IGNORED: Final = re.compile(r"[ \-]")
_SHAPE: Final = re.compile(r"[A-Z0-9]{8,40}")


class UnknownCarrier(Refusal):
    code = "unknown_carrier"
    kind = Kind.RULE
    title = "We do not ship with this carrier."


class BadTrackingNumber(Refusal):
    code = "bad_tracking_number"
    kind = Kind.RULE
    title = "A tracking number has 8 to 40 letters and digits; spaces and hyphens do not count."


@dataclass(frozen=True, slots=True)
class Carrier:
    """A company that moves parcels; `aliases` holds what each source calls it.

    delivers_on: days of the week, Monday is 0.
    """

    code: str
    name: str
    services: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]]
    delivers_on: tuple[int, ...]


def carrier_of(code: str, carriers: Mapping[str, Carrier]) -> Carrier:
    """Raises: UnknownCarrier: no carrier has this code."""
    if code not in carriers:
        raise UnknownCarrier(field="carrier", known=sorted(carriers))
    return carriers[code]


def alias_of(source: str, word: str, carriers: Iterable[Carrier]) -> str | None:
    """The code of the carrier that `source` calls `word`, whatever its case; None if it is not ours."""
    wanted = word.casefold()
    for carrier in carriers:
        if wanted == carrier.code or wanted in carrier.aliases.get(source, ()):
            return carrier.code
    return None


def tracking_number(text: str) -> str:
    """`text` as it is kept: upper case, without spaces and hyphens.

    Raises: BadTrackingNumber: what is left is no tracking number.
    """
    number = _IGNORED.sub("", text).upper()
    if _SHAPE.fullmatch(number) is None:
        raise BadTrackingNumber(field="tracking_number")
    return number
