"""One operation asked by one role: cases by a seed, sent and checked, and what they have left behind looked at."""

import copy
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase as fnmatch
from itertools import islice
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import Failure
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.schemas import APIOperation, BaseSchema

from tests.contract.authorisation import matrix, outcomes, shape
from tests.integration.fuzz import after
from tests.integration.fuzz.aiming import FOREIGN, GENERATED, GOOD, OWN, Aim, Good, aimed, aims, asked, good
from tests.integration.fuzz.document import is_beyond, loaded
from tests.integration.fuzz.door import Door, told
from tests.integration.fuzz.findings import Cell, Finding, Report
from tests.integration.matrix.callers import COLUMNS, Caller
from tests.integration.matrix.world import World

TOGETHER: Final = 5
"""So many cases follow one another before the rows are as they were."""
FEW: Final = 3
"""Cases for a role that is not let in: there is little to see."""

Tell = Callable[[str], None]
Operation = APIOperation[Any, Any, Any, Any]


class Fuzz:
    """Args: log: where the platform's log goes, as `sys.stdout` is redirected; examples: cases generated for each
    operation and role that is let in, half as many of them wrong on purpose; most_coverage: of the cases
    that are counted up for an operation, so many at most.
    """

    def __init__(
        self,
        world: World,
        log: io.StringIO,
        examples: int,
        seed_: int,
        document: str | None = None,
        most_coverage: int | None = None,
    ) -> None:
        self._world, self._log, self._examples, self._seed = world, log, examples, seed_
        self._most_coverage = most_coverage
        self.door = Door(world)
        self.schema: BaseSchema = loaded(self.door, document)
        self._expected = matrix()
        self._secrets = after.known_secrets(world)
        self._coverage: dict[str, list[Case[Any]]] = {}
        self._covered: set[str] = set()
        self.report = Report()

    def operations(self, route: str | None = None) -> list[Operation]:
        found = [self.schema[path][method] for path in self.schema for method in self.schema[path]]
        asked_for = [
            one for one in found if route is None or fnmatch(one.path, route) or fnmatch(one.label, route)
        ]
        return sorted(asked_for, key=lambda one: one.path.endswith("/erasure"))  # after it little is left

    def run(self, roles: Iterable[str], route: str | None = None, tell: Tell = lambda line: None) -> Report:
        """Every operation asked by each role."""
        operations = self.operations(route)
        for role in roles:
            for number, operation in enumerate(operations, 1):
                self.one(operation, self._world.callers[role])
                tell(
                    f"{role} {number}/{len(operations)}, {self.door.requests} requests, "
                    f"{len(self.report.findings)} findings"
                )
        return self.report

    def one(self, operation: Operation, caller: Caller) -> Cell:
        row = self._expected[operation.method.upper(), shape(operation.path)]
        allowed = outcomes(row, COLUMNS[caller.name])[0] in ("allow", "token")
        cell = Cell(operation.label, caller.name, allowed)
        self.report.cells.append(cell)
        first = allowed and operation.label not in self._covered
        run = _Run(self, operation, caller, cell)
        number = self._examples if allowed else min(FEW, self._examples)
        run.good()
        run.coverage(None if first else number)
        run.generated(GenerationMode.POSITIVE, number)
        run.generated(GenerationMode.NEGATIVE, max(1, number // 2))
        run.settle()
        self._covered |= {operation.label} if allowed else set()
        return cell

    def coverage(self, operation: Operation) -> list[Case[Any]]:
        """The cases that schemathesis counts up for an operation, which takes it seconds."""
        if operation.label not in self._coverage:
            self._coverage[operation.label] = list(
                islice(
                    self.schema.iter_coverage_cases(
                        operation,
                        generation_modes=list(GenerationMode),
                        generation_config=self.schema.config.generation_for(operation=operation),
                    ),
                    self._most_coverage,
                )
            )
        return self._coverage[operation.label]


class _Run:
    def __init__(self, fuzz: Fuzz, operation: Operation, caller: Caller, cell: Cell) -> None:
        self._fuzz, self._operation, self._caller, self._cell = fuzz, operation, caller, cell
        self._headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
        self._known: dict[str, Good] = {}
        self._sent: set[str] = set()
        self._since = 0
        self._mark = fuzz._log.tell()

    def good(self) -> None:
        """What the matrix knows to be answered well."""
        self._cases(GenerationMode.POSITIVE, 1, "good", lambda aim: GOOD)

    def coverage(self, most: int | None) -> None:
        """The cases that schemathesis knows to be worth a look, each with ids that exist; `most` of them, by lot."""
        cases = self._fuzz.coverage(self._operation)
        if most is not None and len(cases) > most:
            cases = Random(self._text("coverage")).sample(cases, most)
        for case in cases:
            self.send(self._pointed(_copied(case)))

    def generated(self, mode: GenerationMode, number: int) -> None:
        if mode is GenerationMode.POSITIVE:
            self._cases(mode, number, "right", lambda aim: aim)
        else:
            self._cases(
                mode,
                number,
                "wrong",
                lambda aim: replace(aim, body=GENERATED, query=GENERATED, headers="good"),
            )

    def _cases(self, mode: GenerationMode, number: int, what: str, wanted: Callable[[Aim], Aim]) -> None:
        strategy = self._operation.as_strategy(generation_mode=mode)

        @seed(int(hashlib.sha256(self._text(what).encode()).hexdigest()[:8], 16))
        @settings(
            max_examples=number,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=strategy, aim=aims().map(wanted))
        def cases(case: Case[Any], aim: Aim) -> None:
            self.send(aimed(case, aim, self.known(FOREIGN if aim.whose == FOREIGN else OWN)))

        with suppress(Unsatisfiable):  # there is nothing in it that could be wrong
            cases()

    def _text(self, what: str) -> str:
        return f"{self._fuzz._seed} {self._cell.role} {self._cell.operation} {what}"

    def known(self, whose: str) -> Good:
        if whose not in self._known:
            wanted = asked(self._operation.method, self._operation.path)
            if wanted.before is not None:  # it begins where nothing has happened yet
                self.settle()
            self._known[whose] = good(self._fuzz._world, self._caller, self._operation.path, wanted, whose)
        return self._known[whose]

    def send(self, case: Case[Any]) -> None:
        self._sent |= set(after.personal(case.body))
        response = case.call(headers=self._headers or None)
        self._cell.statuses[response.status_code] += 1
        request = told(self._fuzz.door.last)
        for check, message in _failures(case, response, self._headers):
            self._found(check, message, f"{request}\n      → {response.status_code} {response.text[:600]}")
        for line in after.logged(self._new_lines(), self._fuzz._secrets | self._sent):
            self._found("log", line, request)
        self._since += 1
        if self._since >= TOGETHER:
            self.settle()

    def settle(self) -> None:
        """Let all that follows happen, look at what must hold, and put everything back."""
        self._since = 0
        world = self._fuzz._world
        if world.store.changes != world._changes:
            for line in [*after.delivered(), *after.broken(world)]:
                self._found("after", line, told(self._fuzz.door.last))
            for line in after.logged(self._new_lines(), self._fuzz._secrets | self._sent):
                self._found("log of what follows", line, told(self._fuzz.door.last))
        world.restore()
        self._known.clear()
        self._sent.clear()

    def _pointed(self, case: Case[Any]) -> Case[Any]:
        """A case of coverage with its ids made real, unless it is about the ids."""
        meta = case.meta
        about = meta.phase.data.parameter_location if meta is not None else None
        known = self.known(OWN)
        if about is None or about.value != "path":
            case.path_parameters = {**case.path_parameters, **known.path}
        if known.signs and about is not None and about.value != "header":
            case.headers["X-Fuzz-Signature"] = "signed"
        return case

    def _found(self, check: str, message: str, request: str) -> None:
        self._cell.findings += 1
        self._fuzz.report.add(Finding(self._cell.operation, check, message, request, self._cell.role))

    def _new_lines(self) -> list[str]:
        log = self._fuzz._log
        log.seek(self._mark)
        lines = log.read().splitlines()
        log.seek(0)
        log.truncate(0)
        self._mark = 0
        return lines


def _copied(case: Case[Any]) -> Case[Any]:
    """The case again, as new: one that was sent keeps what it was told of itself."""
    again = case.derive()
    object.__setattr__(again, "_meta", copy.deepcopy(case._meta))
    return again


def _failures(case: Case[Any], response: Any, headers: dict[str, str]) -> Iterator[tuple[str, str]]:
    try:
        case.validate_response(response, headers=headers or None)
    except* Failure as group:
        for failure in group.exceptions:
            if isinstance(failure, RejectedPositiveData) and is_beyond(case.path, response):
                continue
            yield type(failure).__name__, f"{response.status_code}: {getattr(failure, 'message', failure)}"
