"""A leak is seen, wherever in the platform it is; what only fills its caches is none."""

import os
import subprocess
import sys
import time

import pytest

from tests.load.watch import Glance, Use, Watch, cpu_seconds, judged, used


def test_what_a_child_of_a_process_opens_is_counted_with_it() -> None:
    grandchild = (
        "import sys; kept = [open('/dev/null') for _ in range(50)]; print('open', flush=True); input()"
    )
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        started.stdout.readline()

        use = used({started.pid: "ours"})["ours"]
        started.stdin.close()

    assert 2 == use.processes
    assert 25 <= use.open_files < 50
    assert use.megabytes > 1


def test_the_cpu_of_a_process_is_what_it_says_itself() -> None:
    before, own = cpu_seconds({os.getpid(): "this"})["this"], time.process_time()
    while time.process_time() < own + 0.1:
        pass

    assert cpu_seconds({os.getpid(): "this"})["this"] - before == pytest.approx(0.1, abs=0.05)


def test_processes_that_have_ended_are_not_there() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )

    assert {} == used({int(ended.stdout): "gone"})
    assert [1] == [use.processes for name, use in used({os.getpid(): "this"}).items() if name == "this"]


def test_memory_that_rises_with_the_requests_is_judged_and_caches_that_fill_first_are_not() -> None:
    leaking = _watched([80 + requests * 0.002 for requests in range(0, 12_000, 1000)])
    filling = _watched([80.0, 90.0, 98.0, 99.0, *[100.0] * 8])

    assert ["api grows by 2.00 MB a thousand requests"] == judged(leaking.growths(1 / 3), 1, 10, ())
    assert [] == judged(filling.growths(1 / 3), 1, 10, ())
    assert [] == judged(leaking.growths(1 / 3), 1, 10, ("api",))


def test_files_left_open_are_judged_also_of_what_keeps_all_in_memory() -> None:
    watch = _watched([80.0] * 12, files=[10 + 2 * number for number in range(12)])

    assert ["api has 14 more files open than at the start"] == judged(watch.growths(1 / 3), 1, 10, ("api",))


def test_a_process_that_was_there_for_a_moment_is_not_judged() -> None:
    watch = _watched([80.0] * 12)
    watch.glances[-2:] = [
        Glance(glance.seconds, glance.requests, {**glance.uses, "short": Use(1, 50.0 * number, 3)})
        for number, glance in enumerate(watch.glances[-2:])
    ]

    assert [] == judged(watch.growths(1 / 3), 1, 10, ())


def _watched(megabytes: list[float], files: list[int] | None = None) -> Watch:
    counted = files or [10] * len(megabytes)
    pairs = enumerate(zip(megabytes, counted, strict=True))
    return Watch({}, [Glance(n, n * 1000, {"api": Use(4, one, opened)}) for n, (one, opened) in pairs])
