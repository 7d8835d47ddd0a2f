"""A function: cold when first called, then warm, as one copy of it is on Lambda."""

import json
import queue
import secrets
import socket
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from infra.local.runtime import ways
from infra.local.runtime.api import RuntimeApi, Said
from infra.local.runtime.code import Code
from infra.local.runtime.described import Description
from infra.local.runtime.process import Process
from infra.local.runtime.ways import Way
from infra.package import REGION

_LOOK_SECONDS: Final = 0.02
_INIT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Start:
    """From a new process to the first event that it asks for: Python, the runtime client and the handler's module."""

    cpu_ms: float
    wall_ms: float
    peak_mebibytes: float


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call. `error` has Lambda's `errorType` and `errorMessage`, and then `answer` is None.

    `start` is there where the call had to start a process; its times are not in this call's.
    """

    request_id: str
    answer: Any
    error: Mapping[str, Any] | None
    logs: tuple[str, ...]
    cpu_ms: float
    wall_ms: float
    peak_mebibytes: float
    start: Start | None

    @property
    def error_type(self) -> str | None:
        return None if self.error is None else str(self.error["errorType"])


class Function:
    """One copy of a function, for one caller at a time."""

    def __init__(
        self,
        description: Description,
        code: Code,
        *,
        environment: Mapping[str, str] | None = None,
        way: Way | None = None,
    ) -> None:
        """Args: environment: what it is given beside Lambda's own and the template's variables, such as credentials."""
        self.description = description
        self._code, self._given = code, dict(environment or {})
        self.way = way or ways.best_way()
        self._copy: _Copy | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Start | None:
        """Start a process, unless one is there. Returns: what that took, None if one was there.

        Raises: CannotStart: the handler's module cannot be imported, or takes too much memory or time.
        """
        if self._copy is not None:
            return None
        copy = _Copy(self.description, self._code, self._given, self.way)
        try:
            taken = copy.wait_ready()
        except CannotStart:
            copy.close()
            raise
        self._copy = copy
        return taken

    def invoke(self, event: Any, *, timeout_seconds: float | None = None) -> Invocation:
        """Call it, starting it if it is cold. A call that fails as a whole is an Invocation with an error.

        Args: timeout_seconds: instead of the template's, for a test that cannot wait so long.
        """
        try:
            started = self.start()
        except CannotStart as failure:
            return Invocation("", None, failure.error, failure.logs, 0.0, 0.0, failure.peak_mebibytes, None)
        assert self._copy is not None
        done = self._copy.invoke(event, timeout_seconds or self.description.timeout_seconds, started)
        if self._copy.over:
            self.close()
        return done

    def left_in_tmp(self) -> list[str]:
        """The files that the present process has in its /tmp."""
        return self._copy.process.left_in_tmp() if self._copy else []

    def close(self) -> None:
        """End its process; the next call is a cold one."""
        if self._copy is not None:
            self._copy.close()
            self._copy = None


class CannotStart(Exception):
    """What is raised instead of a Start; `error` as in an Invocation."""

    def __init__(self, error: Mapping[str, Any], logs: tuple[str, ...], peak_mebibytes: float) -> None:
        super().__init__(f"{error['errorType']}: {error['errorMessage']}")
        self.error, self.logs, self.peak_mebibytes = error, logs, peak_mebibytes


class _Copy:
    def __init__(self, description: Description, code: Code, given: Mapping[str, str], way: Way) -> None:
        self._description = description
        self._api = RuntimeApi()
        self._traces = _trace_sink()
        self._peak = 0.0
        self.over = False
        daemon = f"127.0.0.1:{self._traces.getsockname()[1]}"
        environment = {
            **_of_lambda(description, self._api.address, daemon),
            **description.environment,
            **given,
        }
        self.process = Process(description, code, environment, way)

    def wait_ready(self) -> Start:
        said, error = self._awaited(time.monotonic() + _INIT_SECONDS)
        wall_ms = (time.monotonic() - self.process.born) * 1000
        if said is not None and said.kind == "next":
            return Start(self.process.cpu_ms, wall_ms, self._peak)
        if said is not None:
            error = json.loads(said.body)
        assert error is not None
        self.process.kill()
        raise CannotStart(error, tuple(self.process.new_lines()), self._peak)

    def invoke(self, event: Any, seconds: float, started: Start | None) -> Invocation:
        request_id = str(uuid.uuid4())
        cpu_before, began = self.process.cpu_ms, time.monotonic()
        self._api.hand_over(_headers(self._description, request_id, seconds), json.dumps(event).encode())
        said, error = self._awaited(began + seconds, request_id)
        if said is None and error is None:
            message = f"{request_id} Task timed out after {seconds:.2f} seconds"
            error = {"errorType": "Sandbox.Timedout", "errorMessage": message}
        wall_ms = (time.monotonic() - began) * 1000
        if said is not None:
            next_said, next_error = self._awaited(time.monotonic() + seconds, request_id)
            ready = next_said is not None and next_said.kind == "next"
            error = error or (None if ready else next_error)
            self.over = not ready
        else:
            self.over = True
        cpu_ms = self.process.cpu_ms - cpu_before
        if self.over:
            self.process.kill()
        answer = None
        if error is None and said is not None:
            spoken = json.loads(said.body or b"null")
            answer, error = (spoken, None) if said.kind == "response" else (None, spoken)
        logs = tuple(self.process.new_lines())
        return Invocation(request_id, answer, error, logs, cpu_ms, wall_ms, self._peak, started)

    def _awaited(self, until: float, request_id: str = "") -> tuple[Said | None, dict[str, Any] | None]:
        """What the process says next, or why it will say nothing; neither where the time is over."""
        while (left := until - time.monotonic()) > 0:
            try:
                said: Said | None = self._api.said.get(timeout=min(left, _LOOK_SECONDS))
            except queue.Empty:
                said = None
            ended = self.process.ended  # before memory: a process that has ended has none
            if excess := self._too_large(request_id):
                return None, excess
            if said is not None:
                return said, None
            if ended is not None and self._api.said.empty():
                message = f"RequestId: {request_id} Error: Runtime exited with error: {ended}"
                return None, {"errorType": "Runtime.ExitError", "errorMessage": message}
        return None, None

    def _too_large(self, request_id: str) -> dict[str, Any] | None:
        """Lambda counts what is resident. The kernel keeps the peak, so that no moment between two looks is missed."""
        self._peak = max(self._peak, self.process.peak_mebibytes())
        limit = self._description.memory_mebibytes
        if self._peak <= limit:
            return None
        message = f"RequestId: {request_id} Error: it took {self._peak:.0f} MiB of {limit}"
        return {"errorType": "Runtime.OutOfMemory", "errorMessage": message}

    def close(self) -> None:
        self.process.close()
        self._api.close()
        self._traces.close()


def _headers(description: Description, request_id: str, seconds: float) -> dict[str, str]:
    trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=1"
    return {
        "Lambda-Runtime-Aws-Request-Id": request_id,
        "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": description.arn,
        "Lambda-Runtime-Trace-Id": trace,
    }


def _of_lambda(description: Description, api: str, traces: str) -> dict[str, str]:
    """Source: "Defined runtime environment variables" in the AWS Lambda developer guide."""
    return {
        "_HANDLER": description.handler,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{description.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(description.memory_mebibytes),
        "AWS_LAMBDA_FUNCTION_NAME": description.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": description.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{description.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[$LATEST]{secrets.token_hex(16)}",
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_REGION": REGION,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": traces,
        "LANG": "en_US.UTF-8",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "TZ": ":UTC",
    }


def _trace_sink() -> socket.socket:
    """Takes X-Ray's datagrams in the daemon's place; the kernel drops what nobody reads."""
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.1", 0))
    return sink


__all__ = ["CannotStart", "Function", "Invocation", "Start"]
