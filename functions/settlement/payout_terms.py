"""The data file of payouts, read once, when first asked for."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from functions.settlement.domain.banking import Debtor, LocalForm, PayoutTerms, Sepa

_FILE: Final = Path(__file__).parent / "data" / "payouts.json"


@dataclass(frozen=True, slots=True)
class PayoutData:
    terms: tuple[PayoutTerms, ...]
    debtors: tuple[Debtor, ...]
    sepa: Sepa
    local_forms: tuple[LocalForm, ...]


@cache
def payout_data() -> PayoutData:
    return msgspec.json.decode(_FILE.read_bytes(), type=PayoutData)
