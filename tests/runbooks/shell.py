"""Runs a page's commands as they are written, against the platform on this machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.local.setup import ROOT, Hindrance
from infra.package import REGION

_SECONDS: Final = 120
_SEEN: Final = (".venv", "app.py", "functions", "infra", "layers", "tests", "vendor")
"""What of the repository a command sees beside it, for some are of this repository."""


@dataclass(frozen=True, slots=True)
class Said:
    """What commands printed, both streams together, and how they ended."""

    code: int
    text: str


def ready() -> None:
    """Raises: Hindrance: this machine lacks a tool that the pages need."""
    missing = [tool for tool in ("aws", "jq", "bash", "curl") if shutil.which(tool) is None]
    if missing:
        raise Hindrance(f"The runbooks need {' and '.join(missing)}, which this machine lacks.")


class Shell:
    """`folder` holds what commands leave behind."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        wrapper = folder / "bin" / "aws"
        wrapper.parent.mkdir(parents=True)
        wrapper.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m tests.runbooks.cli "$@"\n', encoding="utf-8"
        )
        wrapper.chmod(0o755)
        for name in _SEEN:
            (folder / name).symlink_to(ROOT / name)
        version = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=True).stdout
        self.cli = version.split()[0]
        self._environment = {
            "PATH": f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", str(folder)),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_CLI": str(shutil.which("aws")),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_PAGER": "",
            **settings,
        }

    def run(self, commands: str) -> Said:
        """The commands in one bash; the first that fails ends them."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Said(done.returncode, done.stdout)
