"""What a run has found, and how far it got."""

import re
from collections import Counter
from dataclasses import dataclass, field

_CHANGING = re.compile(r"[A-Za-z]{3}_[0-9A-Z]{26}|\d{4}-\d\d-\d\d[T0-9:.Z+-]*|0x[0-9a-f]+")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `check`: who says so. `request`: one that shows it, and what it was answered."""

    operation: str
    check: str
    told: str
    request: str = field(compare=False, default="")
    role: str = field(compare=False, default="")

    @property
    def alike(self) -> tuple[str, str, str]:
        """What two findings of the same defect have in common."""
        return self.operation, self.check, _CHANGING.sub("…", self.told)[:160]


@dataclass
class Cell:
    """What came of one operation asked by one role. `statuses`: how often each was answered."""

    operation: str
    role: str
    allowed: bool
    statuses: Counter[int] = field(default_factory=Counter)
    findings: int = 0

    @property
    def cases(self) -> int:
        return self.statuses.total()

    @property
    def succeeded(self) -> bool:
        return any(status < 400 for status in self.statuses)

    @property
    def refused(self) -> bool:
        return any(status >= 400 for status in self.statuses)


@dataclass
class Report:
    """Of a whole run. `meant`: what a check did not like and is as it should be, how often by the reason."""

    cells: list[Cell] = field(default_factory=list)
    findings: dict[tuple[str, str, str], list[Finding]] = field(default_factory=dict)
    meant: Counter[str] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        self.findings.setdefault(finding.alike, []).append(finding)

    def merged(self, other: "Report") -> None:
        self.cells += other.cells
        self.meant += other.meant
        for findings in other.findings.values():
            for finding in findings:
                self.add(finding)

    @property
    def reached(self) -> tuple[int, int]:
        """Of the cells whose role is let in: how many had a success, and how many there are."""
        open_ = [cell for cell in self.cells if cell.allowed]
        return sum(cell.succeeded for cell in open_), len(open_)
