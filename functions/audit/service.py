"""Reading the audit log, and checking each day's part of it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from entrepot.cloud import audit, reads, telemetry
from entrepot.cloud.audit import Entry
from entrepot.kernel import chain
from entrepot.kernel.pagination import Page

_PAGE: Final = 500


def entries(day: date, actor: str | None, limit: int, after: Mapping[str, str] | None) -> Page[Entry]:
    """Some of a day's entries (in UTC), the newest first; of one actor, where one is named."""
    page = audit.links_of_day(day, limit, after, actor)
    return Page(tuple(audit.entry(link) for link in page.items), page.next_key)


def check_yesterday(now: datetime) -> None:
    """Check what was written yesterday; each fault is logged, and their number rings an alarm if it is not nought."""
    found = faults((now - timedelta(days=1)).date())
    for fault in found:
        telemetry.log(
            "audit_fault", level="error", chain=fault.stream, sequence=fault.sequence, kind=fault.kind
        )
    telemetry.metric("AuditFaults", len(found))


def faults(day: date) -> list[chain.Fault]:
    """The faults of each chain's part that was written on a day, from its link before to its head.

    A chain that has vanished whole is not found here; the command that compares with an anchor finds it.
    """
    streams: dict[str, list[chain.Link]] = defaultdict(list)
    after: Mapping[str, str] | None = None
    while True:
        page = audit.links_of_day(day, _PAGE, after)
        for link in page.items:
            streams[link.stream].append(link)
        after = page.next_key
        if after is None:
            break
    return [fault for stream, links in streams.items() for fault in _faults(stream, links)]


def _faults(stream: str, links: list[chain.Link]) -> list[chain.Fault]:
    first = max(1, min(link.at for link in links) - 1)
    head, before = reads.fetch(audit.head_read(stream), audit.link_read(stream, first), consistent=True)
    later = _later(stream, max(link.at for link in links), head)
    known = [before] if before else []
    return chain.verified(audit.key(), [*known, *links, *later], head, first=first)


def _later(stream: str, last: int, head: chain.Head | None) -> list[chain.Link]:
    """What was written since, up to the head: the day's part alone says nothing of its end."""
    wanted = range(last + 1, head.sequence + 1) if head else ()
    return [link for link in reads.fetch(*(audit.link_read(stream, at) for at in wanted)) if link]
