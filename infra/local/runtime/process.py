"""One process of a function: started bare, watched, and ended."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from infra.local.runtime import ways
from infra.local.runtime.code import Code
from infra.local.runtime.described import Description
from infra.local.runtime.ways import Way

_START: Final = """
import sys
sys.path[:0] = sys.argv[2:]
from awslambdaric.__main__ import main
main(["bootstrap", sys.argv[1]])
"""


class Process:
    """What runs a function's code, from the moment when Python itself starts.

    `born` is that moment on the monotonic clock, in seconds.
    """

    def __init__(
        self, description: Description, code: Code, environment: Mapping[str, str], way: Way
    ) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="entrepot-function-", ignore_cleanup_errors=True)
        self._log = Path(self._scratch.name) / "log"
        self._read = 0
        places = _places(description, code)
        if way is Way.LANDLOCK:
            task, opt, client = (str(places[where]) for where in ("/var/task", "/opt", "/var/runtime"))
        else:
            task, opt, client = "/var/task", "/opt", "/var/runtime"
        folder = Path(self._scratch.name) / "root"
        folder.mkdir()
        paths = [task, f"{opt}/python", client]
        told, report = os.pipe()
        specified = ways.specification(
            way,
            folder,
            {**_mounted(places), "/etc/passwd": code.passwd()},
            [ways.PYTHON, "-I", "-S", "-c", _START, description.handler, *paths],
            {
                **environment,
                "LAMBDA_TASK_ROOT": task,
                "LAMBDA_RUNTIME_DIR": client,
                **({"TMPDIR": str(folder)} if way is Way.LANDLOCK else {}),
            },
            task,
            report,
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ways.launcher(specified),
                env={},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[report],
                start_new_session=True,
            )
        os.close(report)
        with os.fdopen(told, "rb") as pipe:
            before = pipe.read()  # ends when Python takes over, or when it could not
        self.born = time.monotonic()
        self._before = int(before or 0)

    @property
    def ended(self) -> str | None:
        """How the process ended by itself, as Lambda puts it; None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        return f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"

    @property
    def cpu_ms(self) -> float:
        """CPU time of all its threads since it was born."""
        clock = (
            ~self._process.pid << 3
        ) | 2  # the clock of another process's CPU time: see clock_getcpuclockid(3)
        with suppress(OSError):
            return (time.clock_gettime_ns(clock) - self._before) / 1e6
        return 0.0

    def peak_mebibytes(self) -> float:
        """The most memory it has ever had resident; 0 once it has ended."""
        return self._status("VmHWM") / 1024

    def mebibytes(self) -> float:
        return self._status("VmRSS") / 1024

    def new_lines(self) -> list[str]:
        """What it has written since this was last asked."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            written = log.read()
        self._read += len(written)
        return written.decode("utf-8", "backslashreplace").splitlines()

    def left_in_tmp(self) -> list[str]:
        """The files in its /tmp."""
        inside = Path(f"/proc/{self._process.pid}/root/tmp")
        own = Path(self._scratch.name) / "root"
        folder = own if any(own.iterdir()) else inside
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def kill(self) -> None:
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._scratch.cleanup()

    def _status(self, field: str) -> int:
        with suppress(OSError):
            for line in Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines():
                if line.startswith(f"{field}:"):
                    return int(line.split()[1])
        return 0


def _places(description: Description, code: Code) -> dict[str, Path]:
    return {
        "/var/task": code.task(description),
        "/opt": code.layers(description),
        "/var/runtime": code.client(),
    }


def _mounted(places: Mapping[str, Path]) -> dict[str, Path]:
    """Each part of /opt by itself: Python may be installed below /opt too."""
    parts = {f"/opt/{part.name}": part for part in places["/opt"].iterdir()}
    return {where: what for where, what in places.items() if where != "/opt"} | parts
