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
import time
from collections import OrderedDict
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


@dataclass
class _DataKey:
    """`header` is what its texts begin with; `since` on the monotonic clock."""

    header: str
    cipher: "AESGCM"
    since: float
    uses: int = 0

    def serves(self) -> bool:
        return self.uses < USES and time.monotonic() - self.since < AGE_SECONDS


_sealing: dict[str, _DataKey] = {}
_opening: OrderedDict[tuple[str, str], _DataKey] = OrderedDict()


class Unopenable(Exception):
    """It was sealed for another purpose or record, or altered. A bug or an attack, never a caller's fault."""


def sealed(value: Any, purpose: str, record: str = "") -> str:
    """A small JSON value as text that opens only for the same purpose and record."""
    held = _sealing.get(purpose)
    if held is None or not held.serves():
        held = _sealing[purpose] = _made(purpose)
    held.uses += 1
    nonce = os.urandom(_NONCE_BYTES)
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    ciphertext = held.cipher.encrypt(nonce, content, _bound(held.header, purpose, record))
    return f"{held.header}.{_text(nonce + ciphertext)}"


def opened(text: str, purpose: str, record: str = "") -> Any:
    """What was sealed.

    Raises: Unopenable; botocore.exceptions.ClientError: KMS refuses its data key.
    """
    from cryptography.exceptions import InvalidTag

    header, _, body = text.rpartition(".")
    raw = _raw(body)
    cipher = _cipher(header, purpose)
    try:
        content = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(header, purpose, record))
    except InvalidTag:
        raise Unopenable from None
    return json.loads(content)


def forget() -> None:
    """Drop every data key: for tests that start a new AWS."""
    _sealing.clear()
    _opening.clear()


def _made(purpose: str) -> _DataKey:
    answer = aws.client("kms").generate_data_key(
        KeyId=f"alias/{aws.name('data')}", KeySpec="AES_256", EncryptionContext={"purpose": purpose}
    )
    key_id = answer["KeyId"].rpartition("/")[2]
    header = f"{_VERSION}.{key_id}.{_text(answer['CiphertextBlob'])}"
    return _kept(header, purpose, answer["Plaintext"])


def _cipher(header: str, purpose: str) -> "AESGCM":
    held = _opening.get((header, purpose))
    if held is not None and time.monotonic() - held.since < AGE_SECONDS:
        _opening.move_to_end((header, purpose))
        return held.cipher
    version, _, rest = header.partition(".")
    _, _, encrypted = rest.partition(".")
    if version != _VERSION or not encrypted:
        raise Unopenable
    answer = aws.client("kms").decrypt(CiphertextBlob=_raw(encrypted), EncryptionContext={"purpose": purpose})
    return _kept(header, purpose, answer["Plaintext"]).cipher


def _kept(header: str, purpose: str, plain: bytes) -> _DataKey:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = _opening[(header, purpose)] = _DataKey(header, AESGCM(plain), time.monotonic())
    _opening.move_to_end((header, purpose))
    while len(_opening) > ENTRIES:
        _opening.popitem(last=False)
    return key


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
