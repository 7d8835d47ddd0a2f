"""`make dev`: the routes from the sources, in one process that begins anew within a second of an edit.

Everything else (tables, queues, consumers, stand-ins) is the deployed stack; it is started if `make up` does not run.
Consumers and schedules stay those of the last packaging: restart to take edits of theirs.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from infra.artefact import BuildFailed
from infra.local import serve
from infra.local.processes import end, end_with_parent, listening, require_free
from infra.local.setup import ROOT, Hindrance, child_environment
from infra.local.stack import Ports, running
from infra.package import REGION

WATCHED: Final = ("app.py", "functions", "layers")
_LOOK_SECONDS: Final = 0.25


def develop() -> int:
    """Serve until Ctrl-C. Raises: Hindrance."""
    port = int(os.environ.get("ENTREPOT_DEV_PORT", "8080"))
    require_free(port, "ENTREPOT_DEV_PORT")
    with ExitStack() as held:
        aws_port = _stack(held)
        listener = held.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        print(f"  serving the sources at http://127.0.0.1:{port}; Ctrl-C stops it", flush=True)
        _serve_again_and_again(listener, _environment(aws_port))
    return 0


def _stack(held: ExitStack) -> int:
    """The port of the stand-in for AWS: of the stack that runs already, or of one started here."""
    ports = Ports.in_a_row(serve.port())
    try:
        held.enter_context(serve.alone(serve.FOLDER))
    except Hindrance:
        if not listening(ports.front):
            raise
        print("  using the stack that runs already", flush=True)
        return ports.aws
    began = time.monotonic()
    for taken in (ports.front, ports.aws, ports.stripe, ports.carriers, ports.btcpay):
        require_free(taken, "ENTREPOT_PORT")
    try:
        held.enter_context(
            running(
                serve.STAGE,
                folder=serve.FOLDER,
                ports=ports,
                say=lambda step: print(f"  {time.monotonic() - began:5.1f} s  {step}", flush=True),
            )
        )
    except BuildFailed as failed:
        raise Hindrance(str(failed)) from None
    return ports.aws


def _environment(aws_port: int) -> dict[str, str]:
    """What the API function is given, read from the deployed one so that nothing differs."""
    from infra.local.deploy import Aws

    endpoint = f"http://127.0.0.1:{aws_port}"
    function = (
        Aws(endpoint).client("lambda").get_function_configuration(FunctionName=f"entrepot-{serve.STAGE}-api")
    )
    variables: Mapping[str, str] = function["Environment"]["Variables"]
    return child_environment(
        AWS_ENDPOINT_URL=endpoint,
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID="000000000000",
        AWS_SECRET_ACCESS_KEY="test",
        **variables,
    )


def _serve_again_and_again(listener: socket.socket, environment: Mapping[str, str]) -> None:
    seen = _looks()
    while True:
        with _server(listener, environment) as server:
            while (now := _looks()) == seen:
                if server.poll() is not None:
                    _until_edited(seen)
                time.sleep(_LOOK_SECONDS)
            seen = now
        print(f"  {time.strftime('%H:%M:%S')} serving the edit", flush=True)


def _until_edited(seen: Mapping[str, int]) -> None:
    print("  it does not start; waiting for an edit", flush=True)
    while _looks() == seen:
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _server(listener: socket.socket, environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that serves on the socket it inherits, so that callers wait rather than fail while it begins anew."""
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.dev_server", str(listener.fileno())],
        env=dict(environment),
        cwd=ROOT,
        pass_fds=(listener.fileno(),),
        start_new_session=True,
        preexec_fn=end_with_parent,  # noqa: PLW1509 - no threads run here
    )
    try:
        yield process
    finally:
        end(process)


def _looks() -> dict[str, int]:
    """Each source with the time of its last change."""
    found: dict[str, int] = {}
    for name in WATCHED:
        start = ROOT / name
        for path in [start] if start.is_file() else _sources(start):
            try:
                found[str(path)] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue  # an editor is replacing it
    return found


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix != ".pyc" and path.is_file():
            yield path


def problem(status: int, code: str, title: str) -> dict[str, Any]:
    """An answer of the gateway itself, as the deployed one renders it."""
    problem = {"type": f"urn:entrepot:problem:{code}", "title": title, "status": status, "code": code}
    body = json.dumps({**problem, "detail": title, "correlation_id": "-"})
    return {"statusCode": status, "headers": {"Content-Type": "application/problem+json"}, "body": body}
