"""Another password for who has forgotten theirs."""

from entrepot.cloud.call import Call
from entrepot.cloud.wire import View
from entrepot.contracts.permissions import PUBLIC
from functions.membership.routes import api
from functions.membership.routes.shapes import ContactBody, Digits, NewPassword
from functions.membership.service import resetting


class ForgottenBody(ContactBody, frozen=True):
    """Where to send the code: exactly one of the two."""


class ResetBody(ContactBody, frozen=True, kw_only=True):
    """`code`: the one that was sent for this."""

    code: Digits
    new_password: NewPassword


class ForgottenView(View, frozen=True):
    """`status` says only that the request was taken: it is the same for an address that nobody has."""

    status: str


@api.post("/v1/passwords/codes", allow=PUBLIC, status=202, refuses=(429,))
def ask_reset(call: Call, body: ForgottenBody) -> ForgottenView:
    resetting.ask(body.contact, call.address, call.now)
    return ForgottenView(status="sent")


@api.post("/v1/passwords", allow=PUBLIC, status=204, refuses=(422, 429))
def reset_password(call: Call, body: ResetBody) -> None:
    resetting.reset(body.contact, body.code, body.new_password, call.address, call.now)
