"""The archive: one tar of rows, objects and dead letters, with a manifest, and a seal at its end over every byte.

    tables/<table>/000001.jsonl.gz    rows, one a line, some megabytes to a part
    objects/<bucket>/<key>            an object as it is; its media type in the header
    letters/<queue>/000001.json       a dead letter
    manifest.json                     what is in it, made from what, when
    seal.json                         SHA-256 of every byte before it, and an HMAC of that by the stage's audit key

A part is held in memory, an archive never. `seal.json` has one size and one form, so that it is compared whole: no byte
of the file can be changed unnoticed, not even one that fills up a block.
"""

import gzip
import hashlib
import hmac
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, Final

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_SEAL: Final = "seal.json"
_BLOCK: Final = 512
_END: Final = bytes(2 * _BLOCK)
_TAIL: Final = 2 * _BLOCK + len(_END)
_PIECE: Final = 1 << 20
_TYPE: Final = "ENTREPOT.type"


class BadArchive(Exception):
    """The file is none of ours, or not as it was written; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What there is of one table, bucket or queue. `digest`: of the lines as they stand in the archive, in any order.

    `common`: of the rows in the form that two stages share. `passed`: rows whose time was over, which were left out.
    """

    count: int
    size: int  # bytes before compression
    digest: str
    common: str = ""
    passed: int = 0


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`keys`: fingerprints of the stage's own keys. `moved`: tables that changed while they were read."""

    stage: str
    made_at: str  # RFC 3339
    horizon: int  # seconds since 1970: rows whose time to live was over by then are left out
    checksum: str  # of all business state, of both tables and objects
    tables: dict[str, Counted]
    buckets: dict[str, Counted]
    letters: dict[str, Counted]
    keys: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)  # messages on their way, which no archive holds
    moved: list[str] = field(default_factory=list)
    data_key: str = ""
    source: str = "scan"
    format: int = FORMAT


@dataclass(frozen=True)
class Member:
    """One member as it is read: its name, its size, its media type, and what gives its bytes."""

    name: str
    size: int
    media_type: str
    content: IO[bytes]

    def digest(self) -> str:
        """SHA-256 of its bytes, which are read with it."""
        hashed = hashlib.sha256()
        while piece := self.content.read(_PIECE):
            hashed.update(piece)
        return hashed.hexdigest()


class Writer:
    """Writes an archive beside its place and puts it there once it is whole."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._part, self._key = path, path.with_name(path.name + ".part"), key
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()

    def __enter__(self) -> "Writer":
        if self._path.exists():
            raise BadArchive(f"{self._path} is there already.")
        self._part.unlink(missing_ok=True)
        # Personal data is sealed in it, but much else is not: nobody but its owner reads it.
        self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, _: Any, __: TracebackType | None) -> None:
        assert self._file is not None
        self._file.close()
        if kind is not None:
            self._part.unlink(missing_ok=True)

    def add(self, name: str, content: bytes) -> None:
        self.stream(name, len(content), [content])

    def stream(self, name: str, size: int, pieces: Iterable[bytes], media_type: str = "") -> None:
        """A member of a known size. Raises: BadArchive: the pieces are not as many bytes."""
        self._write(_header(name, size, media_type))
        written = 0
        for piece in pieces:
            self._write(piece)
            written += len(piece)
        if written != size:
            raise BadArchive(f"{name} has {written} bytes instead of {size}")
        self._write(bytes(-size % _BLOCK))

    def finish(self, manifest: Manifest) -> None:
        self.add(MANIFEST, json.dumps(asdict(manifest), indent=1, sort_keys=True).encode())
        digest = self._hash.hexdigest()
        assert self._file is not None
        self._file.write(_tail(digest, _signature(digest, self._key)))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)

    def _write(self, raw: bytes) -> None:
        assert self._file is not None
        self._hash.update(raw)
        self._file.write(raw)


class Parts:
    """Rows gathered to parts of some megabytes, each a member of its own."""

    def __init__(self, writer: Writer, folder: str, size: int = 4 << 20) -> None:
        self._writer, self._folder, self._most = writer, folder, size
        self._lines: list[str] = []
        self._size = self._number = 0

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size >= self._most:
            self.flush()

    def flush(self) -> None:
        if not self._lines:
            return
        self._number += 1
        content = "".join(f"{line}\n" for line in self._lines).encode()
        packed = gzip.compress(content, compresslevel=6, mtime=0)
        self._writer.add(f"{self._folder}/{self._number:06}.jsonl.gz", packed)
        self._lines, self._size = [], 0


def verified(path: Path, key: bytes | None = None) -> Manifest:
    """The manifest of an archive whose every byte is as it was written.

    Args: key: of whom the archive has to come from: the audit key of the stage; None where it is not at hand.
    Raises: BadArchive.
    """
    size = path.stat().st_size
    if size <= _TAIL:
        raise BadArchive(f"{path} is no archive, or only the beginning of one.")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        left = size - _TAIL
        while left:
            piece = file.read(min(_PIECE, left))
            digest.update(piece)
            left -= len(piece)
        tail = file.read()
    found = digest.hexdigest()
    signed = _said(tail).get("hmac", "")
    if tail != _tail(found, signed):
        raise BadArchive(f"{path} was altered or cut off: its bytes are not those that were sealed.")
    if key is not None and not hmac.compare_digest(signed, _signature(found, key)):
        raise BadArchive(
            f"{path} was sealed under another audit key: bring the secret of the stage it is of."
        )
    return _manifest(path)


def members(path: Path) -> Iterator[Member]:
    """Every member but manifest and seal, in order, one at a time."""
    with tarfile.open(path, "r:") as tar:
        for info in tar:
            if info.name in (MANIFEST, _SEAL):
                continue
            content = tar.extractfile(info)
            assert content is not None
            yield Member(info.name, info.size, info.pax_headers.get(_TYPE, ""), content)
            tar.members.clear()  # type: ignore[attr-defined]  # it keeps every header otherwise


def lines(member: Member) -> Iterator[str]:
    """The rows of a part."""
    with gzip.open(member.content, "rt", encoding="utf-8", newline="\n") as text:
        for line in text:
            yield line.rstrip("\n")


def _manifest(path: Path) -> Manifest:
    with tarfile.open(path, "r:") as tar:
        for info in tar:
            if info.name == MANIFEST:
                content = tar.extractfile(info)
                assert content is not None
                return _read(json.loads(content.read()))
            tar.members.clear()  # type: ignore[attr-defined]
    raise BadArchive(f"{path} has no manifest.")


def _read(said: dict[str, Any]) -> Manifest:
    if said.get("format") != FORMAT:
        raise BadArchive(f"The archive has format {said.get('format')}; this release reads {FORMAT}.")
    for part in ("tables", "buckets", "letters"):
        said[part] = {name: Counted(**counted) for name, counted in said[part].items()}
    return Manifest(**said)


def _header(name: str, size: int, media_type: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    if media_type:
        info.pax_headers = {_TYPE: media_type}
    return info.tobuf(tarfile.PAX_FORMAT)


def _tail(digest: str, signature: str) -> bytes:
    """The seal and the end of the file. `check` is over the HMAC too, which not everybody can check."""
    check = hashlib.sha256(f"{digest} {signature}".encode()).hexdigest()
    content = json.dumps({"sha256": digest, "hmac": signature, "check": check}).encode()
    return _header(_SEAL, len(content)) + content.ljust(_BLOCK, b"\0") + _END


def _said(tail: bytes) -> dict[str, str]:
    try:
        said = json.loads(tail[_BLOCK : 2 * _BLOCK].rstrip(b"\0"))
    except ValueError:
        return {}
    return said if isinstance(said, dict) and isinstance(said.get("hmac"), str) else {}


def _signature(digest: str, key: bytes) -> str:
    return hmac.new(key, f"entrepot backup {digest}".encode(), "sha256").hexdigest()
