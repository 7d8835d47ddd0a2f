"""What `make up` does inside its virtual environment: start, tell the story, serve until it is stopped."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.artefact import BuildFailed
from infra.local import story
from infra.local.processes import require_free
from infra.local.setup import ROOT, Hindrance
from infra.local.stack import Ports, Running, running

FOLDER: Final = ROOT / ".entrepot"
STAGE: Final = "local"


def serve() -> int:
    """Serve until Ctrl-C. Raises: Hindrance."""
    began = time.monotonic()
    ports = Ports.in_a_row(port())

    def say(step: str) -> None:
        print(f"  {time.monotonic() - began:5.1f} s  {step}", flush=True)

    with alone(FOLDER):
        for taken in (ports.front, ports.aws, ports.stripe, ports.carriers, ports.btcpay):
            require_free(taken, "ENTREPOT_PORT")
        try:
            with running(STAGE, folder=FOLDER, ports=ports, say=say) as up:
                say("ready")
                _tell(up)
                print(_greeting(up), flush=True)
                _stay(up)
        except BuildFailed as failed:
            raise Hindrance(str(failed)) from None
    return 0


def port() -> int:
    """Raises: Hindrance: ENTREPOT_PORT is no port."""
    text = os.environ.get("ENTREPOT_PORT", "8000")
    if not (text.isascii() and text.isdigit() and 1024 <= int(text) <= 65_531):
        raise Hindrance(f"ENTREPOT_PORT is {text!r}; it must be a number from 1024 to 65531.")
    return int(text)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder against a second start. Raises: Hindrance."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except PermissionError:
        raise Hindrance(f"No right to write {folder}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Hindrance("Entrepot already runs from this folder (make up or make dev).") from None
        yield


def _tell(up: Running) -> None:
    if os.environ.get("STORY") == "0":
        return
    story.tell(up)


def _stay(up: Running) -> None:
    """Wait for the end, and notice when a part ends before."""
    while True:
        for part in up.children:
            part.check()
        time.sleep(1)


def _greeting(up: Running) -> str:
    people = "\n".join(
        f"    {role:<10} {account['email']:<22} {account['password']}"
        for role, account in up.accounts.items()
        if role != "secrets"
    )
    words = story.closing_words(up.base_url, up.folder / "accounts.json")
    return f"""
  Entrepot serves at {up.base_url}
{people}
    (also in {up.folder / "accounts.json"}; logs in {up.logs})

{words}

  Ctrl-C stops it; the data stays in {up.folder}."""
