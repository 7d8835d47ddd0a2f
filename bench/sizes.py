"""What the archives of an artefact weigh, and which packages are in them."""

import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.package import Artefact

_LAYER: Final = "python/"


@dataclass(frozen=True, slots=True)
class Weight:
    """A package of an archive, or the archive as a whole where `package` is empty. Bytes."""

    archive: str
    package: str
    zipped: int
    unzipped: int


def all_of_them(artefact: Artefact) -> list[Weight]:
    """Each archive followed by its packages, the heaviest first."""
    found: list[Weight] = []
    for archive in artefact.archives:
        packages = _packages(archive)
        name = archive.stem
        unzipped = sum(unzipped for _, unzipped in packages.values())
        found.append(Weight(name, "", archive.stat().st_size, unzipped))
        found += [
            Weight(name, package, *weights)
            for package, weights in sorted(packages.items(), key=lambda each: (-each[1][1], each[0]))
        ]
    return found


def _packages(archive: Path) -> dict[str, tuple[int, int]]:
    """Zipped and unzipped bytes by what stands at the top of an archive; a package's records count as the package."""
    weights: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            held = weights[_package(entry.filename)]
            held[0] += entry.compress_size
            held[1] += entry.file_size
    return {name: (small, large) for name, (small, large) in weights.items()}


def _package(path: str) -> str:
    top = path.removeprefix(_LAYER).partition("/")[0]
    if top.endswith((".dist-info", ".libs")):
        return top.rpartition(".")[0].partition("-")[0].lower()
    return top.partition(".")[0].lower() if top.endswith(".so") or ".cpython-" in top else top.lower()
