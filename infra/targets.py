"""What an artefact is built for: AWS, or the machine it is built on."""

import platform
import sys
from dataclasses import dataclass
from typing import Final

MACHINES: Final = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
SUPPORTED: Final = "Entrepot runs on Linux with glibc, x86-64 or arm64, with Python 3.11 to 3.13"


class UnsupportedHost(Exception):
    """This machine cannot run what is built here; the message is one line for its owner."""


@dataclass(frozen=True, slots=True)
class Target:
    """`architecture` as Lambda names it; `native` when this very machine can run the artefact."""

    name: str
    architecture: str
    native: bool

    @property
    def runtime(self) -> str:
        """The packaging Python's version, whose bytecode and wheels the artefact holds."""
        return f"python{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def pip_arguments(self) -> list[str]:
        """What makes pip choose wheels for the target. On this machine pip knows by itself."""
        if self.native:
            return []
        machine = {"x86_64": "x86_64", "arm64": "aarch64"}[self.architecture]
        newest = 34 if sys.version_info >= (3, 12) else 26  # glibc of Amazon Linux 2023 and of Amazon Linux 2
        platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, 16, -1)]
        return [
            *(f"--platform={name}" for name in [*platforms, f"manylinux2014_{machine}"]),
            "--implementation=cp",
            f"--python-version={sys.version_info.major}.{sys.version_info.minor}",
        ]


def host() -> Target:
    """This machine.

    Raises: UnsupportedHost.
    """
    libc, _ = platform.libc_ver()
    architecture = MACHINES.get(platform.machine())
    found = f"{platform.system()} {platform.machine()} with Python {platform.python_version()}"
    if platform.system() != "Linux" or libc != "glibc" or architecture is None:
        raise UnsupportedHost(f"{SUPPORTED}; this is {found}.")
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise UnsupportedHost(f"{SUPPORTED}; this is {found}.")
    return Target("host", architecture, native=True)


def aws() -> Target:
    return Target("aws", "arm64", native=False)


BY_NAME: Final = {"aws": aws, "host": host}
