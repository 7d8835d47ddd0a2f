"""Merchants and their staff."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.wire import Body, CountryCode, CurrencyCode, Email, Line, View
from functions.membership.domain.merchants import Merchant
from functions.membership.routes import api
from functions.membership.service import merchants

CommissionRate = Annotated[Decimal, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 0.5})]


class MerchantBody(Body, frozen=True):
    """`commission_rate`: decimal text such as "0.08", or a JSON number, read exactly: 0 to 0.5, 4 places."""

    name: Line
    country: CountryCode
    payout_currency: CurrencyCode
    commission_rate: CommissionRate


class StaffBody(Body, frozen=True):
    """`merchant` is an owner, who may do everything for the merchant."""

    email: Email
    role: Literal["merchant", "merchant_catalogue", "merchant_orders", "merchant_finance", "merchant_support"]


class PlatformStaffBody(Body, frozen=True):
    email: Email
    role: Literal["operator", "finance", "risk", "support", "analyst"]


class MerchantView(View, frozen=True):
    id: str
    name: str
    country: str
    payout_currency: str
    commission_rate: str


class InvitedView(View, frozen=True):
    merchant_id: str | None
    email: str
    role: str
    status: str


@api.post("/v1/merchants", allow="merchants.create", status=201)
def create_merchant(call: Call, body: MerchantBody) -> MerchantView:
    created = merchants.create(body.name, body.country, body.payout_currency, body.commission_rate, call.now)
    return _merchant(created)


@api.post("/v1/merchants/{merchant_id}/staff", allow="merchants.staff", status=201, refuses=(429,))
def invite_staff(call: Call, body: StaffBody, merchant_id: str) -> InvitedView:
    address = merchants.invite(call.member, merchant_id, body.email, body.role, call.now)
    return InvitedView(merchant_id=merchant_id, email=address.text, role=body.role, status="invited")


@api.post("/v1/staff", allow="platform.staff", status=201, refuses=(429,))
def invite_platform_staff(call: Call, body: PlatformStaffBody) -> InvitedView:
    address = merchants.invite_to_platform(body.email, body.role, call.now)
    return InvitedView(merchant_id=None, email=address.text, role=body.role, status="invited")


def _merchant(merchant: Merchant) -> MerchantView:
    return MerchantView(
        id=merchant.merchant_id,
        name=merchant.name,
        country=merchant.country,
        payout_currency=merchant.payout_currency,
        commission_rate=merchant.commission_rate,
    )
