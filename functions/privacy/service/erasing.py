"""To be forgotten: one event that every context obeys, and looks until nothing is left.

Whoever dies half way, refuses or comes too late is told again after the next look; every part of it may be done twice.
"""

from datetime import datetime
from typing import Final

from entrepot.cloud import audit, reads, telemetry, writes
from entrepot.cloud.auth import Principal
from entrepot.kernel.refusals import NotFound, Refusal
from functions.membership import facade as membership
from functions.orders import buyers as orders
from functions.payments import facade as payments
from functions.privacy import store
from functions.privacy.domain import MOST_NAMED, Erasure, OrdersOpen
from functions.privacy.service import exporting

_AT_ONCE: Final = 25  # erasures in one run


def request(caller: Principal, otp: str | None, now: datetime) -> Erasure:
    """The end of an account, at once; what is kept elsewhere goes in the minutes after it.

    Raises: OrdersOpen, SignInAgain, SecondFactorRequired, InvalidOtp, TooManyAttempts, LastOwner, NotFound: they have
    left before. Busy.
    """
    membership.fresh(caller, now)
    waiting = orders.open_orders(caller.member_id)
    if waiting:
        raise OrdersOpen(orders=waiting[:MOST_NAMED], open=len(waiting))
    member, left = membership.leaving(caller, otp, now)
    erasure = Erasure(member.member_id, member.merchant_id, requested_at=now)
    audit.commit("member.erase", member.member_id, *left, store.erasure_begun(erasure, now))
    return erasure


def read(member_id: str) -> Erasure:
    """Raises: NotFound."""
    erasure = reads.fetch_one(store.erasure_read(member_id), consistent=True)
    if erasure is None:
        raise NotFound
    return erasure


def look(now: datetime) -> None:
    """See what is left of those who have left. One that is refused waits, and holds up no other."""
    overdue = 0
    for erasure in store.due(now, _AT_ONCE):
        overdue += erasure.overdue(now)
        try:
            _look(erasure, now)
        except Refusal as refusal:
            telemetry.log("erasure_waits", level="warning", member_id=erasure.member_id, code=refusal.code)
    telemetry.metric("ErasuresOverdue", overdue)


def _look(erasure: Erasure, now: datetime) -> None:
    left = _left_of(erasure.member_id)
    after = erasure.looked(left, now)
    saved = store.erasure_saved(erasure, after, now)
    if not left:
        writes.commit(saved)
        telemetry.metric("MembersErased")
        return
    writes.commit(saved, membership.erasure_told(erasure.member_id, erasure.merchant_id, now))
    telemetry.log("erasure_incomplete", level="warning", member_id=erasure.member_id, looks=after.looks)


def _left_of(member_id: str) -> list[str]:
    account = ["account"] if membership.left_of(member_id) else []
    kept = payments.left_of(member_id)
    return [*account, *kept, *orders.left_of(member_id), *exporting.left_of(member_id)]
