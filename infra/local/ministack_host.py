"""Starts ministack inside its own virtual environment: `python ministack_host.py <python for functions>`.

Four things differ from its own start (ADR 0012). Functions run in a Python that sees nothing but their archives,
instead of ministack's with its packages. An archive is unpacked once for all copies of a function, instead of thousands
of files for each. Its bytes are held in memory once for all functions, instead of once for each. And positions in table
streams are forgotten, since the streams themselves are not kept: a remembered position would silently skip as many new
records as there were old ones.
"""

import hashlib
import json
import os
import shutil
import sys
import threading
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

KEPT_UNPACKED: Final = 9
"""Archives kept unpacked: this deployment's, the last one's, and some to spare."""
_UNPACKING: Final = threading.Lock()


class SharedArchive(zipfile.ZipFile):
    """An archive that unpacks once; who asks again is given a link to what is there. Code is read-only, as on AWS."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        assert isinstance(self.filename, str)
        content = Path(self.filename).read_bytes()
        unpacked = _store() / hashlib.sha256(content).hexdigest()[:24]
        with _UNPACKING:
            if not unpacked.exists():
                scratch = unpacked.with_suffix(f".{os.getpid()}")
                super().extractall(scratch, members, pwd)
                scratch.rename(unpacked)
                _forget_old(keep=unpacked)
        os.utime(unpacked)
        Path(path).rmdir()
        Path(path).symlink_to(unpacked, target_is_directory=True)


def _store() -> Path:
    store = Path(os.environ["UNPACKED_DIR"])
    store.mkdir(parents=True, exist_ok=True)
    return store


def _forget_old(keep: Path) -> None:
    newest_first = sorted(_store().iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in [path for path in newest_first if path != keep][KEPT_UNPACKED - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


class Fetched:
    """Archives as `fetch` reads them from the stand-in's S3; equal ones are the same bytes, held in memory once."""

    def __init__(self, fetch: Callable[..., bytes | None]) -> None:
        self._fetch = fetch
        self._held: dict[bytes, bytes] = {}

    def __call__(self, *place: Any, **more: Any) -> bytes | None:
        content = self._fetch(*place, **more)
        return (
            content if content is None else self._held.setdefault(hashlib.sha256(content).digest(), content)
        )


def forget_stream_positions(state: Path) -> None:
    saved = state / "lambda.json"
    if not saved.exists():
        return
    whole = json.loads(saved.read_text(encoding="utf-8"))
    positions = whole.get("payload", {}).get("dynamodb_stream_positions")
    if positions and positions.get("data"):
        positions["data"] = {}
        scratch = saved.with_suffix(".scratch")
        scratch.write_text(json.dumps(whole), encoding="utf-8")
        scratch.replace(saved)


def main() -> None:
    sys.path[0:1] = []  # this file's folder has modules named as packages are
    forget_stream_positions(Path(os.environ["STATE_DIR"]))
    sys.executable = sys.argv[1]
    sys.argv[1:] = []
    from ministack.app import main as serve
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    lambda_svc._fetch_code_from_s3 = Fetched(lambda_svc._fetch_code_from_s3)
    lambda_runtime.zipfile = types.SimpleNamespace(
        ZipFile=SharedArchive, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )
    serve()


if __name__ == "__main__":
    main()
