"""The book of providers, from its data file: who serves what, where, at what cost."""

import json
import os
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from functions.payments.domain.routing import Offer

_FILE: Final = Path(__file__).parent / "data" / "providers.json"


BTCPAY: Final = "btcpay"


def offers() -> tuple[Offer, ...]:
    """All rows, those not valid today among them; of BTCPay Server where this stage has one."""
    return _offers(bool(os.environ.get("ENTREPOT_BTCPAY_URL")))


@cache
def _offers(btcpay: bool) -> tuple[Offer, ...]:
    rows = json.loads(_FILE.read_text("utf-8"))["rows"]
    return tuple(_offer(row) for row in rows if btcpay or row["provider"] != BTCPAY)


def providers() -> frozenset[str]:
    """Everybody whom a row names."""
    return frozenset(offer.provider for offer in offers())


def _offer(row: dict[str, Any]) -> Offer:
    return Offer(
        provider=row["provider"],
        method=row["method"],
        currencies=None if row["currencies"] is None else frozenset(row["currencies"]),
        markets=None if row["markets"] is None else frozenset(row["markets"]),
        manual_capture=row["manual_capture"],
        window=timedelta(minutes=row["window_minutes"]),
        cost_bp=row["cost_bp"],
        cost_fixed=row["cost_fixed"],
        holds_from=date.fromisoformat(row["from"]),
        holds_to=date.fromisoformat(row["to"]) if row["to"] else None,
        limits={code: (least, most) for code, (least, most) in row["limits"].items()}
        if "limits" in row
        else None,
    )
