"""Personal data is sealed field by field: AES-256-GCM under a data key, the data key under the stage's key in KMS.

A sealed text is `1.<id of the KMS key>.<data key, encrypted>.<nonce, ciphertext and tag>`, the last two in base64. It
holds all that opening needs, so whichever process sealed it and however often the stage's key was replaced since, it
opens as long as KMS has that key. The purpose binds the data key (as KMS's encryption context); purpose, record and
key bind the field, so a text that is moved to another field or another record does not open.

A data key serves for a purpose until it is too old or was used too often; opened ones are kept for as long, so many.
Within that, sealing and opening cost no request.
"""

import base64
import json
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from entrepot.cloud import aws

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

AGE_SECONDS: Final = 300.0
USES: Final = 10_000
"""Far below the 2**32 texts that a key with random nonces may seal (NIST SP 800-38D, section 8.3)."""
ENTRIES: Final = 256

_VERSION: Final = "1"
_NONCE_BYTES: Final = 12
_SEALED: Final = re.compile(r"(?<![\w.-])1\.([0-9a-f-]{36})\.[\w=-]{40,}\.[\w=-]{40,}", re.ASCII)


@dataclass
class _DataKey:
    """`header` is what its texts begin with; `since` on the monotonic clock."""

    header: str
    cipher: "AESGCM"
    since: float
    uses: int = 0

    def serves(self) -> bool:
        return self.uses < USES and time.monotonic() - self.since < AGE_SECONDS


class Unopenable(Exception):
    """It was sealed for another purpose or record, or altered. A bug or an attack, never a caller's fault."""


class Sealer:
    """Seals under one stage's key, and opens what any key sealed that KMS has. Holds the data keys of its process.

    Args: kms: gives the client of KMS. alias: gives the alias of the key to seal under, such as
        `alias/entrepot-prod-data`. entries: how many opened data keys are kept; ENTRIES as it is then, if None.
    """

    def __init__(self, kms: Callable[[], Any], alias: Callable[[], str], entries: int | None = None) -> None:
        self._kms, self._alias, self._entries = kms, alias, entries
        self._sealing: dict[str, _DataKey] = {}
        self._opening: OrderedDict[tuple[str, str], _DataKey] = OrderedDict()

    def sealed(self, value: Any, purpose: str, record: str = "") -> str:
        """A small JSON value as text that opens only for the same purpose and record."""
        held = self._sealing.get(purpose)
        if held is None or not held.serves():
            held = self._sealing[purpose] = self._made(purpose)
        held.uses += 1
        nonce = os.urandom(_NONCE_BYTES)
        content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        ciphertext = held.cipher.encrypt(nonce, content, _bound(held.header, purpose, record))
        return f"{held.header}.{_text(nonce + ciphertext)}"

    def opened(self, text: str, purpose: str, record: str = "") -> Any:
        """What was sealed.

        Raises: Unopenable; botocore.exceptions.ClientError: KMS refuses its data key.
        """
        from cryptography.exceptions import InvalidTag

        header, _, body = text.rpartition(".")
        raw = _raw(body)
        cipher = self._cipher(header, purpose)
        try:
            content = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(header, purpose, record))
        except InvalidTag:
            raise Unopenable from None
        return json.loads(content)

    def forget(self) -> None:
        self._sealing.clear()
        self._opening.clear()

    def _made(self, purpose: str) -> _DataKey:
        answer = self._kms().generate_data_key(
            KeyId=self._alias(), KeySpec="AES_256", EncryptionContext={"purpose": purpose}
        )
        key_id = answer["KeyId"].rpartition("/")[2]
        header = f"{_VERSION}.{key_id}.{_text(answer['CiphertextBlob'])}"
        return self._kept(header, purpose, answer["Plaintext"])

    def _cipher(self, header: str, purpose: str) -> "AESGCM":
        held = self._opening.get((header, purpose))
        if held is not None and time.monotonic() - held.since < AGE_SECONDS:
            self._opening.move_to_end((header, purpose))
            return held.cipher
        version, _, rest = header.partition(".")
        _, _, encrypted = rest.partition(".")
        if version != _VERSION or not encrypted:
            raise Unopenable
        answer = self._kms().decrypt(CiphertextBlob=_raw(encrypted), EncryptionContext={"purpose": purpose})
        return self._kept(header, purpose, answer["Plaintext"]).cipher

    def _kept(self, header: str, purpose: str, plain: bytes) -> _DataKey:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._opening[(header, purpose)] = _DataKey(header, AESGCM(plain), time.monotonic())
        self._opening.move_to_end((header, purpose))
        while len(self._opening) > (self._entries or ENTRIES):
            self._opening.popitem(last=False)
        return key


_stage: Final = Sealer(lambda: aws.client("kms"), lambda: f"alias/{aws.name('data')}")


def sealed(value: Any, purpose: str, record: str = "") -> str:
    """As `Sealer.sealed`, under this stage's key."""
    return _stage.sealed(value, purpose, record)


def opened(text: str, purpose: str, record: str = "") -> Any:
    """As `Sealer.opened`."""
    return _stage.opened(text, purpose, record)


def forget() -> None:
    """Drop every data key: for tests that start a new AWS."""
    _stage.forget()


def key_of(text: str) -> str:
    """The id of the KMS key under which a text was sealed, "" where it is no sealed text."""
    found = _SEALED.fullmatch(text)
    return found[1] if found else ""


def texts_in(text: str) -> list[str]:
    """Every sealed text within a longer one, such as a document in JSON."""
    return [found[0] for found in _SEALED.finditer(text)]


def _bound(header: str, purpose: str, record: str) -> bytes:
    return json.dumps([header, purpose, record]).encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _raw(text: str) -> bytes:
    """Raises: Unopenable: it is no base64."""
    try:
        return base64.urlsafe_b64decode(text)
    except ValueError:
        raise Unopenable from None
