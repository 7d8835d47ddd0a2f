"""Asking a provider that knows no idempotency keys for something that there must be one of.

The intention is recorded before the call, and what was made after it. Whoever finds the intention without an outcome
looks for what was made, and asks again only where nothing was and the first call can no longer be at work.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

LASTS: Final = timedelta(minutes=1)
"""How long a call of which nobody has heard may still be at work."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing asked for. `found_id` is the provider's, once it is known; `link` is where its receiver claims money.

    `over`: the call has ended, and what became of it is not known. `amount` is in minor units, 0 where it is no money.
    """

    what: str
    payment_id: str
    asked_at: datetime
    amount: int = 0
    over: bool = False
    found_id: str = ""
    link: str = ""
    revision: int = 0

    def at_work(self, now: datetime) -> bool:
        """Whether somebody may just be asking for it."""
        return not self.found_id and not self.over and now < self.asked_at + LASTS


def again(asked: Asked, now: datetime) -> Asked:
    return replace(asked, asked_at=now, over=False)


def ended(asked: Asked) -> Asked:
    return replace(asked, over=True)


def made(asked: Asked, found_id: str, link: str = "") -> Asked:
    return replace(asked, found_id=found_id, link=link, over=True)
