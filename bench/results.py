"""What was measured, as JSON: part → when, on which machine, how often, and its data."""

import json
import os
import platform
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
OUT: Final = ROOT / "bench" / "out"
"""What each run leaves; not committed."""
KEPT: Final = ROOT / "docs" / "performance.json"
"""What docs/performance.md shows."""
BEFORE: Final = ROOT / "bench" / "first_release.json"
"""What the first release took, on 2026-11-23: of the same shape, with what was measured then."""

_DIGITS: Final = 4

Results = dict[str, Any]


def load(path: Path) -> Results:
    loaded: Results = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def save(path: Path, results: Results) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(results), indent=1) + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def machine(load: float) -> dict[str, Any]:
    """Where this runs. Args: load: how many processes waited for a core before the part began."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load": load,
    }
