"""What each function may do beside what it does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra import estate
from infra.estate import FUNCTIONS, Function
from tests.privileges import policies
from tests.privileges.calls import Pair
from tests.privileges.implied import implied
from tests.privileges.recording import Recording


@dataclass(frozen=True, slots=True)
class Compared:
    """One function's policy beside its calls.

    `granted` says which statement allows a pair, `recorded` how many calls needed it and in which test first, `implied`
    by which rule it is needed.
    """

    function: Function
    statements: int
    runs: int
    granted: dict[Pair, str]
    recorded: dict[Pair, tuple[int, str]]
    implied: dict[Pair, str]

    @property
    def needed(self) -> set[Pair]:
        return self.recorded.keys() | self.implied.keys()

    @property
    def missing(self) -> list[Pair]:
        return sorted(self.needed - self.granted.keys())

    @property
    def unused(self) -> list[Pair]:
        return sorted(self.granted.keys() - self.needed)

    def findings(self) -> Iterator[str]:
        """A line for each difference; none where the policy is exact."""
        name = self.function.handler
        if not self.runs:
            yield f"never run  {name}: no test has entered it, so that nothing is known of it"
            return
        for pair in self.missing:
            seen = self.recorded.get(pair)
            why = f"called in {seen[1] or 'a test'}" if seen else self.implied[pair]
            yield f"missing    {name}: {pair[0]} on {pair[1]} ({why})"
        for pair in self.unused:
            yield f"unused     {name}: {pair[0]} on {pair[1]} (statement {self.granted[pair]})"


def compared(
    recorded: Recording,
    functions: Sequence[Function] = FUNCTIONS,
    written: dict[str, list[dict[str, Any]]] | None = None,
) -> list[Compared]:
    """Each function's policy beside its calls. `written`: other statements than the files', by handler.

    Raises: policies.Unreadable.
    """
    resources = estate.merge_template(policies.ROOT)["Resources"]
    found = []
    for function in functions:
        statements = (written or {}).get(function.handler) or policies.statements(function)
        found.append(
            Compared(
                function,
                len(statements),
                recorded.runs[function.handler],
                policies.granted(statements),
                recorded.seen.get(function.handler, {}),
                implied(function, recorded.pairs(function.handler), resources),
            )
        )
    return found


_COLUMNS: Final = ("runs", "calls", "recorded", "implied", "allowed", "statements", "missing", "unused")


def table(found: Sequence[Compared]) -> list[str]:
    """What was compared, function by function: for an empty comparison says nothing by itself."""
    head = f"{'function':<22}" + "".join(f"{name:>11}" for name in _COLUMNS)
    rows = [
        f"{one.function.handler:<22}" + "".join(f"{number:>11,}" for number in _numbers(one)) for one in found
    ]
    return [head, "-" * len(head), *rows, "-" * len(head), _total(found)]


def _total(found: Sequence[Compared]) -> str:
    columns = zip(*(_numbers(one) for one in found), strict=True)
    return f"{f'{len(found)} functions':<22}" + "".join(f"{sum(column):>11,}" for column in columns)


def _numbers(one: Compared) -> tuple[int, ...]:
    """In the order of the columns; `implied` counts what no call was recorded of."""
    return (
        one.runs,
        sum(count for count, _ in one.recorded.values()),
        len(one.recorded),
        len(one.implied.keys() - one.recorded.keys()),
        len(one.granted),
        one.statements,
        len(one.missing),
        len(one.unused),
    )
