"""The deployed platform for one run, in a folder that vanishes afterwards."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.local import stack
from infra.local.stack import API_AT_ONCE, Ports, Running, Say

STAGE = "test"
"""One on which rates that are recorded and rules that are not verified hold, as on one machine."""
_OPEN_FILES = 8192


@dataclass(frozen=True, slots=True)
class Platform:
    say: Say

    @contextmanager
    def running(
        self, ports: Ports | None = None, dynamodb: str | None = None, at_once: int = API_AT_ONCE
    ) -> Iterator[Running]:
        """Everything that `make up` serves, on free ports where none are given; the rest as in `stack.running`."""
        _allow_connections()
        with stack.running(STAGE, ports=ports, dynamodb=dynamodb, at_once=at_once, say=self.say) as up:
            yield up


def _allow_connections() -> None:
    """A thousand buyers are a thousand connections, here and in the front, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
