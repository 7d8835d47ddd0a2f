"""What every run needs: the API behind a door, its document, the log, and what was found so far."""

import hashlib
import io
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from schemathesis.core.failures import Failure
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.schemas import APIOperation, BaseSchema

from tests.contract.authorisation import matrix
from tests.integration.fuzz import after
from tests.integration.fuzz.document import BEYOND_A_SCHEMA, MEANT, beyond, loaded
from tests.integration.fuzz.door import Door, told
from tests.integration.fuzz.findings import Cell, Finding, Report
from tests.integration.matrix.world import World

Operation = APIOperation[Any, Any, Any, Any]


class Scene:
    """Args: log: where the platform's log goes, as `sys.stdout` is redirected; document: another than is served."""

    def __init__(self, world: World, log: io.StringIO, seed: int, document: str | None = None) -> None:
        self.world, self.seed = world, seed
        self._log = log
        self.door = Door(world)
        self.schema: BaseSchema = loaded(self.door, document)
        self.expected = matrix()
        self.report = Report()
        self._kept = after.known_secrets(world)
        self._sent: set[str] = set()

    def operations(self, route: str | None = None) -> list[Operation]:
        """Those of a path, or `METHOD path`, in which * stands for anything."""
        found = [self.schema[path][method] for path in self.schema for method in self.schema[path]]
        return [one for one in found if matches(one.label, route)]

    def seed_of(self, *what: str) -> int:
        """A seed of its own for each part of a run, so that one part alone is the same again."""
        return int(hashlib.sha256(" ".join((str(self.seed), *what)).encode()).hexdigest()[:8], 16)

    def send(self, case: Case[Any], headers: dict[str, str], cell: Cell, recorder: Any = None) -> Any:
        """One request, with every check of its answer and a look at what it logged. Returns: the answer."""
        self._sent |= set(after.personal(case.body))
        response = case.call(headers=headers or None)
        self.checked(case, response, headers, cell, recorder)
        return response

    def checked(
        self, case: Case[Any], response: Any, headers: dict[str, str], cell: Cell, recorder: Any = None
    ) -> None:
        self._sent |= set(after.personal(case.body))
        cell.statuses[response.status_code] += 1
        request = f"{told(self.door.last)}\n      → {response.status_code} {response.text[:600]}"
        for check, message, reason in failures(case, response, headers, recorder):
            if reason is None:
                self.found(cell, check, message, request)
            else:
                self.report.meant[reason] += 1
        self._look_at_the_log(cell, "log")

    def settle(self, cell: Cell) -> None:
        """Let all that follows happen, look at what must hold, and put everything back."""
        if self.world.store.changes != self.world._changes:
            for line in [*after.delivered(), *after.broken(self.world)]:
                self.found(cell, "after", line, told(self.door.last))
            self._look_at_the_log(cell, "log of what follows")
        self.world.restore()
        self._sent.clear()

    def found(self, cell: Cell, check: str, message: str, request: str) -> None:
        cell.findings += 1
        self.report.add(Finding(cell.operation, check, message, request, cell.role))

    def _look_at_the_log(self, cell: Cell, which: str) -> None:
        lines = self._log.getvalue().splitlines()
        self._log.seek(0)
        self._log.truncate(0)
        for line in after.logged(lines, self._kept | self._sent):
            self.found(cell, which, line, told(self.door.last))


def matches(label: str, route: str | None) -> bool:
    """Whether an operation is meant by a path, or `METHOD path`, in which * stands for anything."""
    return route is None or any(fnmatchcase(name, route) for name in (label, label.partition(" ")[2]))


def failures(
    case: Case[Any], response: Any, headers: dict[str, str], recorder: Any = None
) -> Iterator[tuple[str, str, str | None]]:
    """What schemathesis finds in an answer, all of its checks on.

    Yields: the check's name, what it says, and where that is as it should be, why.
    """
    try:
        case.validate_response(response, headers=headers or None, recorder=recorder)
    except* Failure as group:
        for failure in group.exceptions:
            check = type(failure).__name__
            row = beyond(case.path, response) if isinstance(failure, RejectedPositiveData) else None
            reason = f"{row}: {BEYOND_A_SCHEMA[row]}" if row else MEANT.get((check, case.operation.label))
            yield check, f"{response.status_code}: {getattr(failure, 'message', failure)}", reason
