"""DynamoDB's conflicts in front of the deployed functions: the proxy for it, in a process of its own."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from tests.support import proxy


@dataclass(frozen=True, slots=True)
class InFront:
    """A proxy that runs; `url` is where functions send their requests to DynamoDB."""

    url: str
    _pipe: Connection

    def counted(self) -> Counter[str]:
        """What has passed and what was refused so far, as `proxy.Conflicts` counts it."""
        self._pipe.send("count")
        return Counter(self._pipe.recv())


@contextmanager
def in_front_of(upstream: str, held_seconds: float) -> Iterator[InFront]:
    """Args: held_seconds: for how long a transaction holds its items beyond its writing."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(upstream, held_seconds, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield InFront(ours.recv(), ours)
    finally:
        ours.close()
        process.join(10)
        process.kill()


def _serve(upstream: str, held_seconds: float, pipe: Connection) -> None:
    with proxy.conflicting(upstream, held_seconds) as between:
        pipe.send(between.url)
        try:
            while pipe.recv() == "count":
                pipe.send(dict(between.conflicts.counted))
        except EOFError:
            pass  # whoever started this has had enough
