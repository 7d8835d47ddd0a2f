"""From the merchants to the door: two of them ship, and carriers tell."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.local.seed import data
from infra.local.story.buying import Sale, Seller
from infra.local.story.paper import Paper, minor, moment, money
from infra.local.story.telling import Teller

_NUMBERS: Final = {"yunexpress": "YT{:016d}", "ups": "1Z{:016d}", "dhl_express": "JJD{:015d}"}
_SOURCES: Final = {"yunexpress": "17track", "ups": "easypost", "dhl_express": "aftership"}

FROM_SHENZHEN: Final = (
    ("registered", "Shipment information received", "Shenzhen, CN"),
    ("in_transit", "Departed from facility", "Shenzhen, CN"),
    ("customs", "Import clearance under way", "Leipzig, DE"),
    ("in_transit", "Arrived at the delivery depot", "Berlin, DE"),
    ("out_for_delivery", "Out for delivery", "Berlin, DE"),
    ("delivered", "Delivered, signed for", "Berlin, DE"),
)
FROM_MILAN: Final = (
    ("registered", "Label created", "Milano, IT"),
    ("in_transit", "Departed from facility", "Milano, IT"),
    ("out_for_delivery", "Out for delivery", "Berlin, DE"),
    ("delivered", "Delivered, signed for", "Berlin, DE"),
)
_LATE: Final = 3
"""Which of the first parcel's scans arrives after all others."""


@dataclass(frozen=True, slots=True)
class Parcel:
    shipment_id: str
    number: str
    source: str
    carrier: str
    shipped_at: datetime


def ship(teller: Teller, sale: Sale) -> list[Parcel]:
    """Each merchant packs and ships what is its own."""
    paper = teller.paper
    paper.chapter("The merchants: each sees its own lines, packs and ships them")
    parcels = []
    for seller in sale.sellers:
        order = teller.call("GET", f"/v1/orders/{sale.order_id}", token=seller.token, note=seller.name)
        teller.require(
            [seller.sku] == [line["sku"] for line in order["lines"]], "a merchant sees its lines only"
        )
        paper.say(
            f"Sees {seller.sku} for {money(order['total'])}, to {order['ship_to']['city']};"
            f" knows the buyer's e-mail as {order['contact']['email']}."
        )
        teller.call("POST", f"/v1/orders/{sale.order_id}/pack", {}, token=seller.token)
        parcels.append(_shipped(teller, sale, seller, order["parcels"][0]["carrier"]))
    order = teller.until("the whole order is shipped", lambda: _in(teller, sale, "shipped"))
    paper.say(f"The order is {order['status']}, in {len(order['shipments'])} parcels.")
    return parcels


def deliver(teller: Teller, sale: Sale, parcels: list[Parcel]) -> None:
    """Carriers scan, twice and late; the end is the same."""
    paper = teller.paper
    paper.chapter("The carriers: signed scans, one forged, one repeated, one late")
    paper.say("A day of the journey takes a second here.")
    first, second = parcels
    script = _script(first, FROM_SHENZHEN)
    late = script.pop(_LATE)
    _register(teller, first, script)
    _scan(teller, first, {"bad_signature": True}, "forged", 401)
    _scan(teller, first, {}, "registered")
    _scan(teller, first, {"duplicate": 1}, "sent twice")
    _scan(teller, first, {}, "customs")
    teller.until(f"{first.shipment_id} is in customs", lambda: _shipment(teller, sale, first, "customs"))
    _scan(teller, first, {}, "out for delivery")
    _scan(teller, first, {}, "delivered")
    delivered = teller.until(
        f"{first.shipment_id} is delivered", lambda: _shipment(teller, sale, first, "delivered")
    )
    _scan(teller, first, {"scans": [late]}, "late: the depot")
    shipment = teller.until(
        "the late scan is there", lambda: _with_scans(teller, sale, first, len(delivered["scans"]) + 1)
    )
    teller.require(shipment["status"] == "delivered", "a late scan changes no status")
    _register(teller, second, _script(second, FROM_MILAN))
    _scan(teller, second, {"all": True}, "from label to door")
    teller.until(f"{second.shipment_id} is delivered", lambda: _shipment(teller, sale, second, "delivered"))
    paper.space()
    teller.call(
        "GET", f"/v1/shipments/{first.shipment_id}", token=sale.shopper, note="the shopper follows it"
    )
    _show_scans(paper, shipment)


def look_back(teller: Teller, sale: Sale) -> None:
    """The timeline, as the shopper reads it."""
    teller.paper.chapter("The shopper's timeline")
    teller.until(f"{sale.order_id} is delivered", lambda: _in(teller, sale, "delivered"))
    order = teller.call("GET", f"/v1/orders/{sale.order_id}", token=sale.shopper)
    teller.paper.table(
        [
            (moment(entry["at"]), entry["event"], entry["actor"], _facts(order, entry))
            for entry in order["timeline"]
        ],
        "llll",
    )


def _facts(order: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """What an entry says besides: amounts as people write them, a parcel by carrier and number, merchants by name."""
    parcels = {held["id"]: f"{held['carrier']} {held['tracking_number']}" for held in order["shipments"]}
    said = []
    for name, text in (entry.get("facts") or {}).items():
        if name == "shipment_id":
            said.append(parcels.get(text, text))
        elif name == "amount":
            said.append(minor(int(text), order["total"]["currency"]))
        elif name == "merchants":
            said += [merchant.name for merchant in data.load().merchants if merchant.id in text]
        elif name != "carrier":
            said.append(f"{name} {text}")
    return ", ".join(said)


def _in(teller: Teller, sale: Sale, status: str) -> Any | None:
    order = teller.look(f"/v1/orders/{sale.order_id}", sale.shopper)
    return order if order["status"] == status else None


def _shipped(teller: Teller, sale: Sale, seller: Seller, carrier: str) -> Parcel:
    number = _NUMBERS[carrier].format(time.time_ns() // 1_000_000)
    body = {
        "carrier": carrier,
        "tracking_number": number,
        "lines": [{"sku": seller.sku, "quantity": 1}],
    }
    path = f"/v1/orders/{sale.order_id}/shipments"
    headers = {"Idempotency-Key": f"story-{number}"}
    note = f"{carrier} {number}"
    made = teller.call("POST", path, body, expect=201, token=seller.token, headers=headers, note=note)
    return Parcel(made["id"], number, _SOURCES[carrier], carrier, datetime.now(UTC).replace(microsecond=0))


def _script(parcel: Parcel, scans: tuple[tuple[str, str, str], ...]) -> list[dict[str, str]]:
    return [
        {
            "time": (parcel.shipped_at + timedelta(seconds=day)).isoformat(),
            "status": status,
            "message": message,
            "place": place,
        }
        for day, (status, message, place) in enumerate(scans)
    ]


def _register(teller: Teller, parcel: Parcel, script: list[dict[str, str]]) -> None:
    body = {
        "source": parcel.source,
        "carrier": parcel.carrier,
        "tracking_number": parcel.number,
        "script": script,
    }
    teller.follow(body)


def _scan(teller: Teller, parcel: Parcel, options: Mapping[str, Any], what: str, expected: int = 200) -> None:
    answers = teller.scans(parcel.number, dict(options), what)
    teller.require(
        bool(answers) and all(answer == expected for answer in answers),
        f"the webhook of {parcel.source} ({what}) is answered {expected}, not {answers}",
    )


def _shipment(teller: Teller, sale: Sale, parcel: Parcel, status: str) -> Any | None:
    found = teller.look(f"/v1/shipments/{parcel.shipment_id}", sale.shopper)
    return found if found["status"] == status else None


def _with_scans(teller: Teller, sale: Sale, parcel: Parcel, count: int) -> Any | None:
    found = teller.look(f"/v1/shipments/{parcel.shipment_id}", sale.shopper)
    return found if len(found["scans"]) == count else None


def _show_scans(paper: Paper, shipment: Mapping[str, Any]) -> None:
    paper.table(
        [
            (moment(scan["time"]), scan["status"], scan["place"], scan["message"])
            for scan in shipment["scans"]
        ],
        "llll",
    )
    paper.say(f"Status: {shipment['status']}, promised until {shipment['promise']['latest']}.")
