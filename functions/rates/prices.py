"""The data file of this context: where a stage's rates come from, spreads and endings; read when first asked for."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from functions.rates.domain import Charm, Spread

_DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Stage:
    """`rates`: "ecb" reads them over the net; "recorded" stores the file beside this module; "packaged" stores none.

    `most_days`: how old the newest may be on the day it is used.
    """

    stage: str
    rates: Literal["ecb", "recorded", "packaged"]
    most_days: int
    reason: str


@dataclass(frozen=True, slots=True)
class Prices:
    stages: tuple[Stage, ...]
    spreads: tuple[Spread, ...]
    charms: tuple[Charm, ...]

    def stage(self, name: str) -> Stage:
        """The stage's own row, else that of every stage."""
        return next(row for wanted in (name, "*") for row in self.stages if row.stage == wanted)


@cache
def prices() -> Prices:
    return msgspec.json.decode((_DATA / "prices.json").read_bytes(), type=Prices)
