"""Child processes that end with their parent, whatever ends it."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.local.setup import Hindrance

_GRACE_SECONDS: Final = 20.0
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Child:
    """A process of ours and the file it writes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises: Hindrance: it has ended by itself."""
        if self.process.poll() is not None:
            raise Hindrance(
                f"{self.name} ended with {self.process.returncode}: {self.last_line()} (see {self.log})"
            )

    def last_line(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


@contextmanager
def child(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[Child]:
    """A running process; asked to end when the block ends, made to end twenty seconds later."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the parent only, which ends the others in order
            preexec_fn=end_with_parent,  # noqa: PLW1509 - no threads run here
        )
    try:
        yield Child(name, process, log)
    finally:
        end(process)


def end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what it had started itself: the functions' processes


def wait_for(ready: Callable[[], bool], running: Child, seconds: float = 60.0) -> None:
    """Return once `ready` says so.

    Raises: Hindrance: the process has ended, or takes longer.
    """
    until = time.monotonic() + seconds
    while not ready():
        running.check()
        if time.monotonic() > until:
            raise Hindrance(f"{running.name} is not ready after {seconds:.0f} s (see {running.log})")
        time.sleep(0.05)


def listening(port: int) -> bool:
    """Whether somebody answers at this port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    """Ports nobody uses at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def require_free(port: int, variable: str) -> None:
    """Raises: Hindrance: the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            reason = "is taken" if listening(port) else f"cannot be used ({taken.strerror})"
            raise Hindrance(
                f"Port {port} {reason}; {variable} chooses another (four in a row are used)."
            ) from None


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", name, *arguments]
