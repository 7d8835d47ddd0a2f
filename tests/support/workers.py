"""Workers in this process, asked as Lambda asks them: by JSON, and a failure is an answer."""

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from entrepot.cloud import aws, workers


class InProcess:
    """What `invoke` of a client of Lambda does."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  as botocore names them
        import app

        name = FunctionName.removeprefix(aws.name("")).replace("-", "_")
        (worker,) = (each for context in app.TRIGGERS for each in context.all if each.name == name)
        try:
            said = worker.handle(json.loads(Payload), None)
        except workers.WorkerFailed as failed:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(str(failed)).encode())}
        return {"Payload": io.BytesIO(json.dumps(said).encode())}


@contextmanager
def in_process() -> Iterator[None]:
    """Whoever asks a worker asks this process."""
    with (
        patch.object(workers, "_client", InProcess),
        patch("functions.customs.tantivy_gateway.packaged", _searcher),
    ):
        yield


@cache
def _searcher() -> Any:
    from functions.customs import tantivy_gateway

    with tempfile.TemporaryDirectory() as folder:
        tantivy_gateway.write(Path(folder))
        return tantivy_gateway.opened(Path(folder))
