"""The search index over the nomenclature, written while the artefact is packaged.

Its files are named by what they hold, where tantivy names them by chance: the same sources make the same archive.
"""

import hashlib
import json
import shutil
import tempfile
import uuid
from pathlib import Path


def write(project: Path) -> None:
    """Put the index where the search worker looks for it, in a folder that holds `functions/`."""
    from functions.customs import tantivy_gateway

    root = Path(tantivy_gateway.__file__).parents[2]
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch)
        tantivy_gateway.write(made)
        folder = project / tantivy_gateway.INDEX.relative_to(root)
        folder.mkdir()
        _name_by_content(made, folder)


def _name_by_content(made: Path, folder: Path) -> None:
    meta = (made / "meta.json").read_text(encoding="utf-8")
    (segment,) = json.loads(meta)["segments"]
    old = uuid.UUID(segment["segment_id"])
    files = sorted(made.glob(f"{old.hex}.*"))
    new = uuid.UUID(bytes=hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()[:16])
    for file in files:
        shutil.copyfile(file, folder / file.name.replace(old.hex, new.hex))
    (folder / "meta.json").write_text(meta.replace(str(old), str(new)), encoding="utf-8")
    managed = sorted(["meta.json", *(file.name.replace(old.hex, new.hex) for file in files)])
    (folder / ".managed.json").write_text(json.dumps(managed), encoding="utf-8")
