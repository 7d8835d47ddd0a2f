"""What orders need to know of a merchant: where it is established. That hardly ever changes, so it is kept a while."""

import time
from typing import Final

from entrepot.cloud import reads
from entrepot.kernel.refusals import NotFound
from functions.membership import facade as membership

_KEPT_SECONDS: Final = 300.0
_countries: dict[str, tuple[float, str]] = {}


def country(merchant_id: str) -> str:
    """The merchant's country; a request only when it was not asked for in the last five minutes.

    Raises: NotFound: there is no such merchant.
    """
    held = _countries.get(merchant_id)
    if held is None or held[0] < time.monotonic():
        merchant = reads.fetch_one(membership.merchant_read(merchant_id), consistent=True)
        if merchant is None:
            raise NotFound(merchant_id=merchant_id)
        held = (time.monotonic() + _KEPT_SECONDS, merchant.country)
        _countries[merchant_id] = held
    return held[1]


def forget() -> None:
    """For tests that start a new AWS at the same place."""
    _countries.clear()
