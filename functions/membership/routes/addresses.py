"""The address book."""

from typing import Annotated

import msgspec

from entrepot.cloud.call import Call, Tagged, tagged
from entrepot.cloud.wire import Body, CountryCode, Line, Phone, View
from entrepot.contracts.permissions import ANY
from functions.membership.domain.postal import BookEntry, PostalAddress
from functions.membership.routes import api
from functions.membership.service import postal

_CLEAN = r"^[^\x00-\x1f\x7f-\x9f]*\Z"


class BookAddressBody(Body, frozen=True, kw_only=True):
    """A postal address; which of its parts are needed, the country says. `region`: its own code or name there."""

    name: Line
    line1: Line
    line2: Annotated[str, msgspec.Meta(max_length=200, pattern=_CLEAN)] | None = None
    city: Annotated[str, msgspec.Meta(max_length=100, pattern=_CLEAN)] | None = None
    region: Annotated[str, msgspec.Meta(max_length=50, pattern=_CLEAN)] | None = None
    postal_code: Annotated[str, msgspec.Meta(max_length=20, pattern=_CLEAN)] | None = None
    country: CountryCode
    phone: Phone | None = None

    @property
    def address(self) -> PostalAddress:
        return PostalAddress(
            self.name,
            self.line1,
            self.line2,
            self.city,
            self.region,
            self.postal_code,
            self.country,
            self.phone,
        )


class BookAddressView(View, frozen=True):
    id: str
    name: str
    line1: str
    line2: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str
    phone: str | None


class BookView(View, frozen=True):
    data: list[BookAddressView]
    next_cursor: None


@api.get("/v1/me/addresses", allow=ANY)
def list_addresses(call: Call) -> BookView:
    entries = postal.listed(call.member.member_id)
    return BookView(data=[_view(entry) for entry in entries], next_cursor=None)


@api.post("/v1/me/addresses", allow=ANY, status=201, refuses=(404, 409, 422))
def add_address(call: Call, body: BookAddressBody) -> Tagged[BookAddressView]:
    return _tagged(postal.add(call.member.member_id, body.address, call.now))


@api.get("/v1/me/addresses/{address_id}", allow=ANY)
def read_address(call: Call, address_id: str) -> Tagged[BookAddressView]:
    return _tagged(postal.read(call.member.member_id, address_id))


@api.put("/v1/me/addresses/{address_id}", allow=ANY, if_match=True, refuses=(422,))
def change_address(call: Call, body: BookAddressBody, address_id: str) -> Tagged[BookAddressView]:
    return _tagged(postal.change(call.member.member_id, address_id, body.address, call.revision()))


@api.delete("/v1/me/addresses/{address_id}", allow=ANY, status=204)
def remove_address(call: Call, address_id: str) -> None:
    postal.remove(call.member.member_id, address_id)


def _tagged(entry: BookEntry) -> Tagged[BookAddressView]:
    return tagged(_view(entry), entry.revision)


def _view(entry: BookEntry) -> BookAddressView:
    kept = entry.address
    return BookAddressView(
        id=entry.address_id,
        name=kept.name,
        line1=kept.line1,
        line2=kept.line2,
        city=kept.city,
        region=kept.region,
        postal_code=kept.postal_code,
        country=kept.country,
        phone=kept.phone,
    )
