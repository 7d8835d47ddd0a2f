"""The data file of this context: what merchants pay and have held back, read once, when first asked for."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from functions.settlement.domain.terms import (
    FeeRow,
    LogisticsFeeRow,
    ReserveRow,
    SpreadRow,
    TiersRow,
    WithholdingRow,
)

_DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Prices:
    payment_fees: tuple[FeeRow, ...]
    fx_spreads: tuple[SpreadRow, ...]
    commission_tiers: tuple[TiersRow, ...] = ()
    logistics_fees: tuple[LogisticsFeeRow, ...] = ()
    withholdings: tuple[WithholdingRow, ...] = ()
    reserves: tuple[ReserveRow, ...] = ()


@cache
def prices() -> Prices:
    return msgspec.json.decode((_DATA / "fees.json").read_bytes(), type=Prices)
