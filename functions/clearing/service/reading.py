"""Reports as finance reads them."""

from collections.abc import Mapping
from datetime import date

from entrepot.kernel.pagination import Page
from entrepot.kernel.refusals import NotFound
from functions.clearing import store
from functions.clearing.domain import reports
from functions.clearing.domain.items import Item, Outcome
from functions.clearing.domain.reports import Report


def listed(source: str, limit: int, after: Mapping[str, str] | None) -> Page[Report]:
    """The reports of a source, the newest day first."""
    page = store.days(source, limit, after)
    return Page(tuple(_report(source, day) for day in page.items), page.next_key)


def report(source: str, day: date) -> Report:
    """Raises: NotFound: that day has none."""
    found = _report(source, day)
    if not found.complete and not found.totals:
        raise NotFound
    return found


def lines(
    source: str, day: date, limit: int, after: Mapping[str, str] | None, *, differences: bool
) -> Page[Item]:
    """Some items of a day, shard after shard; a page may be short.

    Args: differences: leave out what was matched at once.
    """
    shard = int(after["shard"]) if after else 0
    inner = {key: value for key, value in after.items() if key != "shard"} if after else None
    page = store.items_page(source, day, shard, limit, inner or None)
    if page.next_key:
        following: dict[str, str] | None = {"shard": str(shard), **page.next_key}
    else:
        following = {"shard": str(shard + 1)} if shard + 1 < store.SHARDS else None
    wanted = (item for item in page.items if not differences or item.outcome is not Outcome.MATCHED)
    return Page(tuple(wanted), following)


def _report(source: str, day: date) -> Report:
    parts = store.tallies(source, day)
    return Report(source, day, len(parts) == store.SHARDS, reports.joined(*parts))
