"""The archives of an artefact unpacked as Lambda lays them out, and the runtime client beside them."""

import importlib.metadata
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from infra.artefact import compile_tree
from infra.local.runtime.confine import LAMBDA_USER
from infra.local.runtime.described import Description
from infra.package import Artefact

_CLIENT: Final = ("awslambdaric", "simplejson", "snapshot-restore-py")
"""What stands in /var/runtime: AWS's runtime client with what it needs. boto3, which Lambda has there too, is left
out, so that a function that does not bring its own is found out."""


_PASSWD: Final = f"""\
root:x:0:0:root:/root:/bin/bash
sbx_user1051:x:{LAMBDA_USER}:{LAMBDA_USER}::/home/sbx_user1051:/sbin/nologin
"""


class Code:
    """A folder of unpacked archives, each unpacked when a function first asks for it; gone when the block ends."""

    def __init__(self, artefact: Artefact) -> None:
        self._artefact = artefact
        self._held = tempfile.TemporaryDirectory(prefix="entrepot-code-")
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._held.cleanup()

    def task(self, function: Description) -> Path:
        """What /var/task holds."""
        return self._unpacked(function.archives[:1])

    def layers(self, function: Description) -> Path:
        """What /opt holds: all layers over one another."""
        return self._unpacked(function.archives[1:])

    def client(self) -> Path:
        """What /var/runtime holds."""
        folder = Path(self._held.name) / "runtime"
        with self._lock:
            if not folder.exists():
                scratch = folder.with_suffix(".part")
                for package in _CLIENT:
                    _copy(package, scratch)
                compile_tree(scratch)
                scratch.rename(folder)
        return folder

    def passwd(self) -> Path:
        """What /etc/passwd says there: who runs has a home by name, and no such folder."""
        file = Path(self._held.name) / "passwd"
        with self._lock:
            if not file.exists():
                file.write_text(_PASSWD, encoding="ascii")
        return file

    def _unpacked(self, archives: tuple[str, ...]) -> Path:
        folder = Path(self._held.name) / ("+".join(Path(archive).stem for archive in archives) or "nothing")
        with self._lock:
            if not folder.exists():
                scratch = folder.with_suffix(".part")
                scratch.mkdir()
                for archive in archives:
                    with zipfile.ZipFile(self._artefact.folder / archive) as zipped:
                        zipped.extractall(scratch)
                scratch.rename(folder)
        return folder


def _copy(package: str, folder: Path) -> None:
    """An installed package's modules, without its records."""
    for file in importlib.metadata.files(package) or ():
        if ".." in file.parts or "dist-info" in file.parts[0] or file.suffix == ".pyc":
            continue
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(file.locate()), target)
