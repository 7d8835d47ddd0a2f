"""What was asked, how it was answered and how long that took."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.load.arithmetic import percentile
from tests.load.client import Answer

ELSEWHERE: Final = "pay (stand-in)"
"""The one kind of request that goes to the provider and not to the platform: told by itself, in no sum."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one kind of request, and how many of them there were."""

    requests: int
    p50: float
    p90: float
    p99: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Latency":
        taken = [each * 1000 for each in seconds]
        return cls(len(taken), *(percentile(taken, per_cent) for per_cent in (50, 90, 99)))


@dataclass(slots=True)
class Recorder:
    """Seconds by kind of request; answers by kind, status and code."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[tuple[str, int, str | None]] = field(default_factory=Counter)

    def note(self, kind: str, answer: Answer) -> Answer:
        self.seconds[kind].append(answer.seconds)
        self.answers[kind, answer.status, answer.code] += 1
        return answer

    @property
    def requests(self) -> int:
        return sum(len(taken) for kind, taken in self.seconds.items() if kind != ELSEWHERE)

    def latency(self) -> dict[str, Latency]:
        """By kind, in the order in which they were first asked."""
        return {kind: Latency.of(taken) for kind, taken in self.seconds.items()}

    def overall(self) -> Latency:
        own = (taken for kind, taken in self.seconds.items() if kind != ELSEWHERE)
        return Latency.of(each for taken in own for each in taken)

    def failures(self) -> Mapping[str, int]:
        """Answers other than 2xx, such as {"order 409 out_of_stock": 3}."""
        found: Counter[str] = Counter()
        for (kind, status, code), times in self.answers.items():
            if not 200 <= status < 300:
                found[f"{kind} {status or 'unanswered'}{f' {code}' if code else ''}"] += times
        return found
