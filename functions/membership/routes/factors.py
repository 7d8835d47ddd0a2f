"""The second factor."""

from typing import Annotated

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, View
from entrepot.contracts.permissions import SET_UP
from functions.membership.routes import api
from functions.membership.routes.shapes import Digits, Otp
from functions.membership.service import factors, sessions


class ConfirmBody(Body, frozen=True):
    code: Digits


class RemoveBody(Body, frozen=True):
    otp: Otp


class EnrolmentView(View, frozen=True):
    """`uri` is for a QR code. Both are shown once."""

    secret: str
    uri: str


class RecoveryView(View, frozen=True):
    """Each recovery code is good once, in place of a code of the app. Shown once."""

    recovery_codes: Annotated[list[str], msgspec.Meta(min_length=1)]


@api.post("/v1/me/totp", allow=SET_UP, status=201, refuses=(404, 409))
def enrol(call: Call) -> EnrolmentView:
    sessions.fresh(call.member, call.now)
    offered = factors.offer(call.member)
    return EnrolmentView(secret=offered.secret, uri=offered.address)


@api.post("/v1/me/totp/confirm", allow=SET_UP, refuses=(409,))
def confirm(call: Call, body: ConfirmBody) -> RecoveryView:
    return RecoveryView(recovery_codes=factors.confirm(call.member, body.code, call.now))


@api.post("/v1/me/totp/remove", allow=SET_UP, status=204, refuses=(404, 409, 429))
def remove(call: Call, body: RemoveBody) -> None:
    sessions.fresh(call.member, call.now)
    factors.remove(call.member, body.otp, call.now)
