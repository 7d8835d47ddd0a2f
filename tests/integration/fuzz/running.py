"""One operation asked by one role: cases by a seed, sent and checked, and what they have left behind looked at."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case

from tests.contract.authorisation import outcomes, shape
from tests.integration.fuzz.aiming import FOREIGN, GENERATED, GOOD, OWN, Aim, Good, aimed, aims, asked, good
from tests.integration.fuzz.door import SIGNED
from tests.integration.fuzz.findings import Cell, Report
from tests.integration.fuzz.scene import Operation, Scene
from tests.integration.matrix.callers import COLUMNS, Caller

TOGETHER: Final = 5
"""So many cases follow one another before the rows are as they were."""
COUNTED_AT_MOST: Final = {"POST /v1/products": 16, "PATCH /v1/products/{product_id}": 16}
"""Operations of which schemathesis would count up cases for minutes: lists of variants and prices at their longest."""
FEW: Final = 3
"""Cases for a role that is not let in: there is little to see."""


class Fuzz:
    """Args: examples: cases generated for each operation and role that is let in, half as many of them wrong on
    purpose; most_counted: of the cases that schemathesis counts up for an operation, so many at most.
    """

    def __init__(self, scene: Scene, examples: int, most_counted: int | None = None) -> None:
        self.scene, self._examples, self._most_counted = scene, examples, most_counted
        self._counted: dict[str, list[Case[Any]]] = {}
        self._covered: set[str] = set()
        self._never_wrong: set[str] = set()

    def run(self, roles: Iterable[str], route: str | None = None) -> Report:
        """Every operation of that route asked by each role."""
        operations = self.scene.operations(route)
        for role in roles:
            for operation in operations:
                self.one(operation, self.scene.world.callers[role])
        return self.scene.report

    def one(self, operation: Operation, caller: Caller) -> Cell:
        """The good request; what is worth a look, all of it by the first role that is let in; then by lot."""
        row = self.scene.expected[operation.method.upper(), shape(operation.path)]
        outcome = outcomes(row, COLUMNS[caller.name])[0]
        allowed = outcome in ("allow", "token")
        cell = Cell(operation.label, caller.name, allowed)
        self.scene.report.cells.append(cell)
        number = self._examples if allowed else min(FEW, self._examples)
        first = allowed and operation.label not in self._covered
        asking = _Asking(self.scene, operation, caller, cell, by_token=outcome == "token")
        asking.cases(GenerationMode.POSITIVE, 1, "good", lambda aim: GOOD)
        asking.counted(self.counted(operation), None if first else number)
        asking.cases(GenerationMode.POSITIVE, number, "right", lambda aim: aim)
        if operation.label not in self._never_wrong and not asking.cases(
            GenerationMode.NEGATIVE, max(1, number // 2), "wrong", _wrong
        ):
            self._never_wrong.add(operation.label)
        asking.settle()
        self._covered |= {operation.label} if allowed else set()
        return cell

    def counted(self, operation: Operation) -> list[Case[Any]]:
        """The cases that schemathesis counts up for an operation, which takes it seconds."""
        if operation.label not in self._counted:
            cases = self.scene.schema.iter_coverage_cases(
                operation,
                generation_modes=list(GenerationMode),
                generation_config=self.scene.schema.config.generation_for(operation=operation),
            )
            most = COUNTED_AT_MOST.get(operation.label, self._most_counted)
            self._counted[operation.label] = list(islice(cases, most))
        return self._counted[operation.label]


class _Asking:
    def __init__(
        self, scene: Scene, operation: Operation, caller: Caller, cell: Cell, *, by_token: bool
    ) -> None:
        self._by_token = by_token
        self._scene, self._operation, self._caller, self._cell = scene, operation, caller, cell
        self._headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
        self._known: dict[str, Good] = {}
        self._since = 0

    def counted(self, cases: list[Case[Any]], most: int | None) -> None:
        """Cases counted up, each with ids that exist; `most` of them, by lot."""
        if most is not None and len(cases) > most:
            cases = Random(self._seed("counted")).sample(cases, most)
        for case in cases:
            self._send(self._pointed(_copied(case)))

    def cases(self, mode: GenerationMode, number: int, what: str, wanted: Callable[[Aim], Aim]) -> bool:
        """Returns: whether there are any: of a request without a body or parameters nothing can be wrong."""

        @seed(self._seed(what))
        @settings(
            max_examples=number,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=self._operation.as_strategy(generation_mode=mode), aim=aims().map(wanted))
        def sent(case: Case[Any], aim: Aim) -> None:
            self._send(aimed(case, aim, self._good(FOREIGN if aim.whose == FOREIGN else OWN)))

        try:
            sent()
        except Unsatisfiable:
            return False
        return True

    def settle(self) -> None:
        self._since = 0
        self._scene.settle(self._cell)
        self._known.clear()

    def _send(self, case: Case[Any]) -> None:
        self._scene.send(case, self._headers, self._cell)
        self._since += 1
        if self._since >= TOGETHER:
            self.settle()

    def _good(self, whose: str) -> Good:
        if whose not in self._known:
            wanted = asked(self._operation.method, self._operation.path)
            if wanted.before is not None:  # it begins where nothing has happened yet
                self.settle()
            path = self._operation.path
            self._known[whose] = good(self._scene.world, self._caller, path, wanted, whose, self._by_token)
        return self._known[whose]

    def _pointed(self, case: Case[Any]) -> Case[Any]:
        """A case with its ids made real, unless it is about the ids; a webhook signed, unless about that."""
        meta = case.meta
        about = meta.phase.data.parameter_location if meta is not None else None
        place = None if about is None else about.value
        known = self._good(OWN)
        if place != "path":
            case.path_parameters = {**case.path_parameters, **known.path}
        if known.signs and place != "header":
            case.headers["X-Fuzz-Signature"] = SIGNED
        return case

    def _seed(self, what: str) -> int:
        return self._scene.seed_of(self._cell.role, self._cell.operation, what)


def _wrong(aim: Aim) -> Aim:
    return replace(aim, body=GENERATED, query=GENERATED, headers="good")


def _copied(case: Case[Any]) -> Case[Any]:
    """The case again, as new: one that was sent keeps what it was told of itself."""
    again = case.derive()
    object.__setattr__(again, "_meta", copy.deepcopy(case._meta))
    return again
