"""What a stack's events say while it moves: lines, what failed first, and whether all that changes has changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from infra.delivery.stacks import Event

_CONSEQUENCE: Final = ("cancelled", "canceled")


@dataclass(slots=True)
class Progress:
    """`expected`: logical ids of what is added or changed; what CloudFormation removes, it removes at the end."""

    expected: frozenset[str]
    done: set[str] = field(default_factory=set)
    working: set[str] = field(default_factory=set)
    failed: Event | None = None
    turned: str = ""
    """Why the whole is rolled back, "" while it is not."""

    def take(self, events: Iterable[Event]) -> list[str]:
        """Take what has happened. Returns: lines to print; of many that went well at once, the last."""
        lines: list[str] = []
        for line in (said for event in events if (said := self._take(event))):
            counted = line[0].isdigit()
            if counted and lines and lines[-1][0].isdigit():
                lines[-1] = line
            else:
                lines.append(line)
        return lines

    @property
    def settled(self) -> bool:
        """Whether everything that changes has changed, so that only the watch and the clearing up are left."""
        return not self.working and self.failed is None and not self.turned and self.expected <= self.done

    @property
    def idle(self) -> bool:
        """Whether something has changed and nothing is being worked on: all that changes may have changed. A change set
        also names what CloudFormation then finds as it should be, and of that no event ever tells."""
        return bool(self.done) and not self.working and self.failed is None and not self.turned

    def _take(self, event: Event) -> str:
        if event.of_stack:
            if "ROLLBACK_IN_PROGRESS" in event.status and not self.turned:
                self.turned = event.reason or event.status
            return f"stack {event.status}{f': {event.reason}' if event.reason else ''}"
        if event.status.endswith("_FAILED"):
            self.working.discard(event.logical_id)
            consequence = any(word in event.reason.lower() for word in _CONSEQUENCE)
            if self.failed is None and not consequence:
                self.failed = event
            return f"FAILED {event.logical_id} ({event.kind}): {event.reason or 'no reason given'}"
        if event.status.endswith("_IN_PROGRESS"):
            self.working.add(event.logical_id)
            return ""
        self.working.discard(event.logical_id)
        if self.turned:
            return f"back  {event.logical_id} ({event.kind}) {event.status}"
        new = event.logical_id in self.expected and event.logical_id not in self.done
        self.done.add(event.logical_id)
        counted = f"{len(self.done & self.expected)} of {len(self.expected)}"
        return f"{counted:<12} {event.logical_id} ({event.kind})" if new else ""

    @property
    def why(self) -> str:
        """What failed first, in a sentence; the stack's own reason where no resource did."""
        if self.failed is not None:
            return f"{self.failed.logical_id} ({self.failed.kind}): {self.failed.reason or 'no reason given'}"
        return self.turned or "CloudFormation gives no reason"
