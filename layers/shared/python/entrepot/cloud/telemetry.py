"""Structured logs, metrics in CloudWatch's embedded format, and X-Ray traces.

Logs and metrics hold ids, states, amounts and codes; never a name, an address, a token or a body.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache
from types import TracebackType
from typing import Any, Final

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="-")

_FORBIDDEN: Final = frozenset(
    (
        "email",
        "name",
        "phone",
        "address",
        "line1",
        "line2",
        "postal_code",
        "password",
        "token",
        "body",
        "number",
    )
)
_NAMESPACE: Final = f"Entrepot/{os.environ.get('ENTREPOT_STAGE', 'local')}"
"""Each stage's own: those of an account share its metrics, and what one counts must not ring another's alarm."""


def log(event: str, level: str = "info", **fields: str | int | bool | None) -> None:
    """One line of JSON on standard output.

    Raises: AssertionError: a field's name says that it holds personal data or a secret.
    """
    assert not _FORBIDDEN & fields.keys(), f"personal data does not belong in a log: {sorted(fields)}"
    _write({"level": level, "event": event, "correlation_id": correlation_id.get(), **fields})


def log_failure(event: str, error: BaseException, **fields: str | int | bool | None) -> None:
    """An outage or a bug: its type and where it arose. Its message is left out, for it may quote a body."""
    log(event, level="error", error=type(error).__name__, at=_place(error.__traceback__), **fields)


def metric(
    metric_name: str,
    value: int = 1,
    unit: str = "Count",
    beside: Mapping[str, str | int | None] | None = None,
    **dimensions: str,
) -> None:
    """One value in CloudWatch's embedded metric format, printed as one line; `beside` is logged and not counted."""
    _write(
        {
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": _NAMESPACE,
                        "Dimensions": [sorted(dimensions)],
                        "Metrics": [{"Name": metric_name, "Unit": unit}],
                    }
                ],
            },
            metric_name: value,
            **(beside or {}),
            "correlation_id": correlation_id.get(),
            **dimensions,
        }
    )


def trace_botocore() -> None:
    """Let X-Ray see the calls to AWS. The runtime switches it on; botocore alone is patched."""
    if not _tracing():
        return
    from aws_xray_sdk.core import patch

    _recorder()
    patch(("botocore",), raise_errors=False)


def traced(service: str, operation: str) -> AbstractContextManager[Any]:
    """Let X-Ray see one call to AWS that does not pass botocore, as it would see botocore's."""
    return _traced(service, operation) if _tracing() else nullcontext()


@contextmanager
def _traced(service: str, operation: str) -> Iterator[None]:
    with _recorder().in_subsegment(service, namespace="aws") as segment:
        if segment is not None:
            region = os.environ.get("AWS_REGION", "")
            segment.set_aws({"operation": operation, "region": region})
        yield


def _tracing() -> bool:
    return bool(os.environ.get("AWS_XRAY_DAEMON_ADDRESS"))


@cache
def _recorder() -> Any:
    from aws_xray_sdk.core import xray_recorder

    xray_recorder.configure(context_missing="IGNORE_ERROR")
    return xray_recorder


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-6:]))


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n")
    sys.stdout.flush()
