"""Each use case under each fault, from the same beginning, to be compared with how it ends in calm."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from tests.integration.faults.callers import Callers, Course
from tests.integration.faults.cases import Case, Given
from tests.integration.faults.judged import Ending, differences, ending, findings, spare
from tests.integration.faults.stage import Moment, Stage, impatient
from tests.integration.faults.stripe_out import OUT
from tests.support.e2e_kill import POINTS, Reaper, reaping
from tests.support.faults import FAULTS, TIMED, Fault, Strike, Weather, drawn

RATE: Final = 0.2
"""The share of those requests that a fault may strike at which it begins to."""

COURSES: Final[Mapping[str, Course]] = {
    "clocks differ": Course(skew=True),
    "twice": Course(times=2),
    "disorder": Course(disorder=True),
    "poison": Course(poison=True),
}
KILLED: Final = "killed"
CALM: Final = "calm"
ROWS: Final = (*(fault.name for fault in FAULTS), OUT.name, *COURSES, KILLED)


@dataclass(frozen=True, slots=True)
class Cell:
    """A use case under a fault. `possible`: how often it might have struck; `struck`: how often it has."""

    fault: str
    case: str
    possible: int
    struck: int
    wrong: tuple[str, ...]
    strikes: tuple[Strike, ...] = ()
    again: Mapping[str, int] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """Whether it went as it should. Where a fault might have struck and has not, nothing is shown."""
        return not self.wrong and (self.struck > 0 or self.possible == 0)


@dataclass(frozen=True, slots=True)
class Begun:
    """A use case before it is done, and how it ends in calm. `passed`: what each fault might have struck."""

    case: Case
    given: Given
    moment: Moment
    end: Ending
    passed: Mapping[str, int]
    wrong: tuple[str, ...]


@dataclass
class Runner:
    stage: Stage
    seed: str
    rate: float = RATE
    _base: Moment = field(init=False)

    def __post_init__(self) -> None:
        self._base = self.stage.keep()

    def begun(self, case: Case) -> Begun:
        """Prepare a use case, and see how it ends when nothing goes wrong."""
        self.stage.restore(self._base, case.name)
        given = case.prepare(self.stage)
        moment = self.stage.keep()
        self.stage.restore(moment, case.name)  # chance as in the runs that are compared with this one
        callers = Callers(self.stage, Reaper())
        counted = self._counting(moment, case.name)
        self._act(case, given, callers)
        passed = {**counted(), **callers.reaper.passed, "messages": callers.messages}
        end, wrong = self._over(given, callers)
        return Begun(case, given, moment, end, passed, tuple(wrong))

    def under(self, begun: Begun, fault: str) -> Cell:
        if fault in COURSES:
            return self._course(begun, fault)
        (chosen,) = [each for each in (*FAULTS, OUT) if each.name == fault]
        return self._fault(begun, chosen)

    def killed(self, begun: Begun) -> Cell:
        """The process dies after each write in turn, before each answer, and after each act of the provider's."""
        deaths, wrong = 0, list[str]()
        for point, number in _points(begun.passed):
            reaper = Reaper({point: {number}})
            callers = Callers(self.stage, reaper)
            self.stage.restore(begun.moment, begun.case.name)
            wrong += [f"[{point} {number}] {each}" for each in self._judged(begun, callers)]
            deaths += reaper.killed.total()
        possible = len(list(_points(begun.passed)))
        if deaths < possible:
            wrong.append(f"{possible - deaths} of {possible} deaths did not come")
        return Cell(KILLED, begun.case.name, possible, deaths, tuple(wrong))

    def _course(self, begun: Begun, fault: str) -> Cell:
        callers = Callers(self.stage, Reaper(), COURSES[fault], f"{self.seed}#{fault}#{begun.case.name}")
        self.stage.restore(begun.moment, callers.seed)
        wrong = self._judged(begun, callers)
        possible = max(callers.struck, begun.passed["messages"])
        return Cell(fault, begun.case.name, possible, callers.struck, tuple(wrong), again=callers.again)

    def _fault(self, begun: Begun, fault: Fault) -> Cell:
        name, possible = begun.case.name, begun.passed.get(fault.name, 0)
        if not possible:
            return Cell(fault.name, name, 0, 0, ())
        seed = f"{self.seed}#{fault.name}#{name}"
        callers = Callers(self.stage, Reaper(), Course(waits=fault is OUT), seed)
        with impatient() if fault.name in TIMED else nullcontext():
            self.stage.restore(begun.moment, seed)
            weather = drawn(fault, possible, seed, self.rate)
            self._storm(weather)
            wrong = self._judged(begun, callers)
        strikes = tuple(weather.strikes)
        return Cell(fault.name, name, possible, len(strikes), tuple(wrong), strikes, callers.again)

    def _storm(self, weather: Weather) -> None:
        if weather.fault is OUT:
            self.stage.line.weather = weather
            return
        assert self.stage.proxy is not None, "faults of AWS need a proxy in front of it"
        self.stage.proxy.storm(weather)

    def _judged(self, begun: Begun, callers: Callers) -> list[str]:
        try:
            self._act(begun.case, begun.given, callers)
        except (AssertionError, KeyError, ValueError, StopIteration, TypeError) as error:
            callers.wrong.append(f"the caller cannot go on: {type(error).__name__} {error}")
        end, wrong = self._over(begun.given, callers)
        return [*wrong, *(each for each in differences(begun.end, end) if not spare(each))]

    def _act(self, case: Case, given: Given, callers: Callers) -> None:
        with self._reaping(callers):
            case.act(callers, given)

    def _over(self, given: Given, callers: Callers) -> tuple[Ending, list[str]]:
        """The storm is over: what was left gets done. Returns: how it ended, and what is wrong."""
        with self._reaping(callers):
            callers.calm()
        return ending(self.stage, given), [*callers.wrong, *callers.letters(), *findings(self.stage)]

    def _reaping(self, callers: Callers) -> Any:
        return nullcontext() if self.stage.proxy else reaping(callers.reaper, callers.queues)

    def _counting(self, moment: Moment, seed: str) -> Callable[[], Mapping[str, int]]:
        self.stage.restore(moment, seed)
        self.stage.calm()
        line, proxy = self.stage.line, self.stage.proxy
        return lambda: {OUT.name: line.passed, **(proxy.counted if proxy else {})}


def _points(passed: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for point in POINTS:
        for number in range(passed.get(point, 0)):
            yield point, number
