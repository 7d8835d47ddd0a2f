"""One-time passwords by time, as second factor, and the recovery codes for who has lost the device.

Source: RFC 6238 with its defaults (steps of 30 seconds, six digits, HMAC-SHA-1), which every authenticator app knows;
RFC 4226, section 5.3 for the truncation.
"""

import base64
import hmac
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from entrepot.kernel.refusals import Kind, Refusal

STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT_STEPS: Final = 1
"""How far a device's clock may be off, before and after (RFC 6238, section 5.2)."""
SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10


class SecondFactorRequired(Refusal):
    """Told only to who knows the password, or holds what stands for it."""

    code = "second_factor_required"
    kind = Kind.UNAUTHENTICATED
    title = "Send the code of your authenticator app, or a recovery code, as otp."


class AlreadyEnrolled(Refusal):
    code = "second_factor_enrolled"
    kind = Kind.CONFLICT
    title = "This account has a second factor already; remove it first."


class NotEnrolled(Refusal):
    code = "second_factor_missing"
    kind = Kind.CONFLICT
    title = "This account has no second factor; begin with POST /v1/me/totp."


class SecondFactorKept(Refusal):
    code = "second_factor_of_staff"
    kind = Kind.CONFLICT
    title = "Who works for the platform keeps a second factor."


class InvalidOtp(Refusal):
    """Wrong, of another time, or used before: the answer does not say which."""

    code = "invalid_otp"
    kind = Kind.UNAUTHENTICATED
    title = "This code is not right, or no longer."


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A member's second factor. `last_step`: that of the last code used, and no earlier code is good any more."""

    sealed_secret: str
    confirmed: bool
    last_step: int


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step of time. Source: RFC 4226, section 5.3."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def step_at(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def matching_step(secret: bytes, given: str, now: datetime, last_step: int) -> int | None:
    """The step whose code was given, later than the last used; None: it is the code of none."""
    found = None
    for step in range(step_at(now) - DRIFT_STEPS, step_at(now) + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(secret, step), given) and step > last_step:
            found = step
    return found


def text_of(secret: bytes) -> str:
    """The secret as it is typed into an app."""
    return base64.b32encode(secret).decode()


def address_of(secret: bytes, account: str, issuer: str = "Entrepot") -> str:
    """What an app reads from a QR code: an `otpauth:` address."""
    label = quote(f"{issuer}:{account}", safe=":@")
    query = f"secret={text_of(secret)}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP_SECONDS}"
    return f"otpauth://totp/{label}?{query}"
