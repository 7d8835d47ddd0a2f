"""Lists of orders: a shopper's own, a merchant's, or all of a few days for an operator. No list scans."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from entrepot.cloud.auth import Principal
from entrepot.kernel.refusals import Kind, Refusal
from functions.orders import store
from functions.orders.store import Filter, Summary

LONGEST_WINDOW: Final = timedelta(days=31)
_DEFAULT_WINDOW: Final = timedelta(days=7)
_DAYS_PER_PAGE: Final = 8
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)  # a calendar ends; a window before or after it must not


class UnsupportedFilter(Refusal):
    code = "unsupported_filter"
    kind = Kind.RULE
    title = "This list cannot be filtered so."


@dataclass(frozen=True, slots=True)
class Found:
    items: tuple[Summary, ...]
    next_key: Mapping[str, str] | None


def orders(
    who: Principal, wanted: Filter, limit: int, after: Mapping[str, str] | None, now: datetime
) -> Found:
    """One page, newest first. It may be short; only a missing next_key ends the list.

    Raises: UnsupportedFilter.
    """
    if sum(value is not None for value in (wanted.status, wanted.payment_status, wanted.sku)) > 1:
        raise UnsupportedFilter("At most one of status, payment_status and sku.", field="status")
    if wanted.placed_from and wanted.placed_to and wanted.placed_from > wanted.placed_to:
        raise UnsupportedFilter("`from` is after `to`.", field="from")
    if any(
        moment and not _EARLIEST <= moment <= _LATEST for moment in (wanted.placed_from, wanted.placed_to)
    ):
        raise UnsupportedFilter("A time between the years 2000 and 9000.", field="from")
    if who.side == "operator":
        return _by_day(wanted, limit, after, now)
    scope = f"merchant#{who.merchant_id}" if who.side == "merchant" else f"member#{who.member_id}"
    page = store.summaries(scope, wanted, limit, after)
    return Found(page.items, page.next_key)


def _by_day(wanted: Filter, limit: int, after: Mapping[str, str] | None, now: datetime) -> Found:
    """An operator's list goes from day to day, the newest first; a day is one of UTC, wherever the operator sits."""
    last = (wanted.placed_to or now).astimezone(UTC)
    first = wanted.placed_from.astimezone(UTC) if wanted.placed_from else last - _DEFAULT_WINDOW
    if last - first > LONGEST_WINDOW:
        raise UnsupportedFilter("At most 31 days at once.", field="from", days=LONGEST_WINDOW.days)
    bounded = Filter(first, last, wanted.status, wanted.payment_status, wanted.sku)
    day = date.fromisoformat(after["day"]) if after else last.date()
    key = {name: value for name, value in after.items() if name != "day"} if after else {}
    found: list[Summary] = []
    for _ in range(_DAYS_PER_PAGE):
        page = store.summaries(f"day#{day.isoformat()}", bounded, limit - len(found), key or None)
        found.extend(page.items)
        if page.next_key:
            return Found(tuple(found), {**page.next_key, "day": day.isoformat()})
        key = {}
        day -= timedelta(days=1)
        if day < first.date():
            return Found(tuple(found), None)
        if len(found) >= limit:
            break
    return Found(tuple(found), {"day": day.isoformat()})
