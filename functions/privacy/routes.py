"""Leaving, and asking what is held, over HTTP."""

from datetime import datetime
from typing import Annotated

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.cloud.wire import Body, View
from entrepot.contracts.permissions import ANY
from functions.privacy.domain import Erasure, Export
from functions.privacy.service import erasing, exporting

api = Api(__name__)


class EraseBody(Body, frozen=True):
    """`otp`: the second factor, of an account that has one."""

    otp: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{6}|[a-z2-7]{5}-?[a-z2-7]{5})\Z")] | None = None


class LeavingView(View, frozen=True):
    """`status` is "erasing": the account is gone, and what is kept elsewhere follows."""

    status: str
    requested_at: datetime


class ErasureView(View, frozen=True):
    """`status`: "erasing" or "erased". `waiting_for`: what was left at the last look, orders by their ids."""

    member_id: str
    status: str
    requested_at: datetime
    erased_at: datetime | None
    looks: int
    waiting_for: tuple[str, ...]


class ExportView(View, frozen=True):
    """`status`: "queued", "ready", "failed" or "expired"; `remedy` says what to do about the last two.

    `url` opens the archive for ten minutes, whoever has it; each reading gives another.
    """

    id: str
    status: str
    requested_at: datetime
    ready_at: datetime | None
    bytes: int | None
    url: str | None
    remedy: str | None


@api.post("/v1/me/exports", allow=ANY, status=202, refuses=(429,))
def export_me(call: Call) -> ExportView:
    return _export(exporting.request(call.member, call.now), None, call.now)


@api.get("/v1/me/exports/{export_id}", allow=ANY)
def read_export(call: Call, export_id: str) -> ExportView:
    export, url = exporting.read(call.member, export_id, call.now)
    return _export(export, url, call.now)


@api.post("/v1/me/erasure", allow=ANY, status=202, refuses=(404, 409, 429))
def erase_me(call: Call, body: EraseBody) -> LeavingView:
    erasure = erasing.request(call.member, body.otp, call.now)
    return LeavingView(status=_status(erasure), requested_at=erasure.requested_at)


@api.get("/v1/erasures/{member_id}", allow="erasures.read")
def read_erasure(call: Call, member_id: str) -> ErasureView:
    erasure = erasing.read(member_id)
    return ErasureView(
        member_id=erasure.member_id,
        status=_status(erasure),
        requested_at=erasure.requested_at,
        erased_at=erasure.erased_at,
        looks=erasure.looks,
        waiting_for=erasure.waiting_for,
    )


def _status(erasure: Erasure) -> str:
    return "erasing" if erasure.erased_at is None else "erased"


def _export(export: Export, url: str | None, now: datetime) -> ExportView:
    status = export.status(now)
    return ExportView(
        id=export.export_id,
        status=status,
        requested_at=export.requested_at,
        ready_at=export.ready_at,
        bytes=export.bytes if export.ready_at else None,
        url=url,
        remedy="Ask for another one." if status in ("failed", "expired") else None,
    )
