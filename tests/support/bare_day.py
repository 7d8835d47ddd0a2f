"""A day of a market whose functions run bare: each is given what its source really holds, and something comes of it.

What takes hours or days of waiting is done by moving a row's date back, as if the time had passed.
"""

import base64
import json
import re
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from infra.local.story.paying import statement
from tests.support.bare_cloud import BareStage
from tests.support.e2e_market import Address, Market, intent_of
from tests.support.e2e_rows import rows
from tests.support.shop import BERLIN

EMAIL: Final = "berta.bare@posteo.example"
PASSWORD: Final = f"correct horse {uuid4()}"
IBAN: Final = "IT60X0542811101000000123456"
_LONG: Final = timedelta(days=2)


@dataclass
class Seller:
    """A merchant's staff and what they sell."""

    token: str
    merchant_id: str
    currency: str
    sku: str = ""
    product_id: str = ""


@dataclass
class Told:
    """What came of each function, by its logical id, as its clients see it: expected, and found."""

    found: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def of(self, function: str, expected: Any, found: Any) -> None:
        self.found[function] = (expected, found)


class Day:
    """Told from morning to night by `tell`."""

    def __init__(self, stage: BareStage) -> None:
        self.stage, self.cloud, self.told = stage, stage.cloud, Told()
        self.market = Market(stage)
        self.shenzhen = self._seller("merchant", "CNY")
        self.milan = self._seller("merchant2", "EUR")

    def tell(self) -> Told:
        self.market.control("webhooks/hold")
        self._goods()
        self._rates()
        berta = self._member()
        order = self._bought(berta)
        self._paid_by_transfer()
        self._silent_payment()
        shipments = self._shipped(order)
        self._papers(shipments[0])
        self._delivered(order, shipments)
        self._refunded(order)
        self._completed(order)
        self._settled()
        self._cleared()
        self._tampered()
        self._missed_event()
        self._forgotten(berta, order, shipments[0])
        self.market.control("webhooks/release")
        self.cloud.settle()
        return self.told

    def _goods(self) -> None:
        for seller in (self.shenzhen, self.milan):
            self.market.merchant = seller.token
            seller.sku = self.market.stocked(units=20)
        wanted = {"text": "Green tea in a tin", "limit": 1}
        path = "/v1/hs-codes/suggestions"
        found = self.market.done(200, "POST", path, wanted, token=self.shenzhen.token)
        self.told.of("CustomsSearch", ["090210"], [each["hs_code"] for each in found["data"]])
        before = self._availability(self.shenzhen.sku)
        self.cloud.settle()
        self.told.of("InventoryEvents", 1, self.announced("inventory.availability_changed", self.milan.sku))
        self.told.of("CatalogueEvents", (False, True), (before, self._availability(self.shenzhen.sku)))
        self.told.of("OutboxRelay", 0, self.market.unsent())

    def _rates(self) -> None:
        self.cloud.clock("RatesFetch")
        self.told.of("RatesFetch", True, len(self._rows("rates")) > 1)

    def _member(self) -> str:
        """Registers, reads the code in the letter, and signs in."""
        body = {"email": EMAIL, "password": PASSWORD}
        self.market.done(201, "POST", "/v1/members", body)
        self.cloud.settle()
        letters = [letter for letter in self._letters() if EMAIL in letter["To"]]
        self.told.of("MembershipEvents", 1, len(letters))
        code = re.findall(r"\b\d{6}\b", letters[-1]["BodyText"])[0]
        self.market.done(200, "POST", "/v1/members/verify", {"email": EMAIL, "code": code})
        return str(self.market.done(201, "POST", "/v1/sessions", body)["access_token"])

    def _bought(self, token: str) -> Any:
        placed = self._placed(token, {self.shenzhen.sku: 2, self.milan.sku: 1})
        self.told.of("APIHandler", "awaiting_payment", placed["status"])
        self._paid(placed)
        order = self.market.order(placed)
        self.told.of("PaymentsWebhooks", "captured", order["payment_status"])
        self.told.of("OrdersEvents", "paid", order["status"])
        return placed

    def _paid_by_transfer(self) -> None:
        placed = self.market.placed(self.shenzhen.sku, method="bank_transfer")
        account = placed["payment"]["next_action"]["details"]
        body = {
            "format": "camt.053",
            "content": base64.b64encode(statement(account, placed["total"])).decode(),
        }
        self.market.done(202, "POST", "/v1/bank-statements", body, token=self.market.operator)
        self.cloud.settle()
        self.told.of("PaymentsStatements", "paid", self.market.order(placed)["status"])

    def _silent_payment(self) -> None:
        """Paid, and no webhook ever comes: the sweep asks."""
        placed = self.market.placed(self.shenzhen.sku)
        self.market.control(f"payment_intents/{intent_of(placed)}/pay")
        # Its own row alone: a run asks about so many, and others may have left payments that are silent as well.
        for row in self._rows("payments"):
            if "due_at" in row and placed["payment"]["id"] in row["pk"]["S"]:
                self._backdated("payments", row, "due_at")
        self.cloud.clock("PaymentsSweep")
        self.cloud.settle()
        self.told.of("PaymentsSweep", "paid", self.market.order(placed)["status"])

    def _shipped(self, order: Any) -> list[Any]:
        made = []
        for seller, units in ((self.shenzhen, 2), (self.milan, 1)):
            body = {
                "carrier": "yunexpress",
                "tracking_number": self._number(seller),
                "lines": [{"sku": seller.sku, "quantity": units}],
            }
            path = f"/v1/orders/{order['id']}/shipments"
            made.append(self.market.done(201, "POST", path, body, token=seller.token, headers=_key()))
        return made

    def _papers(self, shipment: Any) -> None:
        path = f"/v1/shipments/{shipment['id']}/documents"
        self.market.done(202, "POST", path, token=self.shenzhen.token)
        self.cloud.settle()
        ready = self.market.done(200, "GET", path, token=self.shenzhen.token)
        (url, *_) = [paper["url"] for paper in ready["data"]]
        self.told.of("OrdersPapers", ("ready", b"%PDF"), (ready["status"], _opened(url)[:4]))

    def _delivered(self, order: Any, shipments: list[Any]) -> None:
        began = datetime.now(UTC) - timedelta(hours=2)
        script = [
            {"time": began.isoformat(), "status": "in_transit", "message": "", "place": "Shenzhen, CN"},
            {
                "time": datetime.now(UTC).isoformat(),
                "status": "delivered",
                "message": "",
                "place": "Berlin, DE",
            },
        ]
        carriers = Address(self.stage.carriers_url)
        for shipment in shipments:
            number = shipment["tracking_number"]
            parcel = {"source": "aftership", "carrier": "yunexpress", "tracking_number": number}
            followed = carriers.call("POST", "/shipments", {**parcel, "script": script})
            posts = carriers.call("POST", f"/shipments/{number}/scans", {"all": True}).json["posts"]
            assert (201, [200, 200]) == (followed.status, [post["status"] for post in posts])
        self.cloud.settle()
        self.told.of("LogisticsScans", "delivered", self.market.order(order)["status"])

    def _refunded(self, order: Any) -> None:
        body = {
            "order_id": order["id"],
            "lines": [{"sku": self.shenzhen.sku, "quantity": 1}],
            "reason": "a scratch",
        }
        self.market.done(201, "POST", "/v1/refunds", body, token=self.shenzhen.token, headers=_key())
        self.cloud.settle()
        asked = self.market.at_stripe(f"/v1/refunds?payment_intent={intent_of(order)}")["data"]
        self.told.of("PaymentsEvents", 1, len(asked))
        self._heard()

    def _completed(self, order: Any) -> None:
        self._paid_to(self.shenzhen, "CNY", {"through": "stripe", "account": "acct_1Shenzhen"})
        self._paid_to(self.milan, "EUR", {"through": "bank", "holder": "Porcellana Srl", "iban": IBAN})
        self.cloud.clock("OrdersDue")
        self.told.of("OrdersDue", "completed", self.market.order(order)["status"])
        self.cloud.settle()
        shares = [
            row for row in self._rows("ledger") if "share" in row["pk"]["S"] and row["sk"]["S"] == "entry"
        ]
        self.told.of("SettlementEvents", True, len(shares) >= 2)

    def _settled(self) -> None:
        """Both merchants have statements; Milan is paid by a file for the bank, Shenzhen once our balance suffices."""
        sellers = (self.shenzhen, self.milan)
        before = [self._listed(seller, "statements") for seller in sellers]
        paid, files = self._listed(self.shenzhen, "payouts"), self._get("/v1/payout-files")["data"]
        self.cloud.clock("SettlementRun")
        waiting = self.cloud.received("SettlementRuns")
        due = {seller.merchant_id for seller in sellers}
        self.told.of("SettlementRun", due, {_body(each)["merchant_id"] for each in waiting})
        self.cloud.give_back("SettlementRuns", waiting)
        self.cloud.settle()
        issued = [
            _new(known, self._listed(seller, "statements"))
            for known, seller in zip(before, sellers, strict=True)
        ]
        self.told.of("SettlementRuns", [1, 1], [len(each) for each in issued])
        self._printed(issued[0][0]["id"])
        self.cloud.clock("SettlementFiles")
        made = _new(files, self._get("/v1/payout-files")["data"])
        self.told.of("SettlementFiles", ["ready"], [each["status"] for each in made])
        waits = [each["status"] for each in _new(paid, self._listed(self.shenzhen, "payouts"))]
        self.market.control("balance", amount="10000000", currency="cny")
        self._transfer_due()
        self.cloud.clock("SettlementTransfers")
        done = [each["status"] for each in _new(paid, self._listed(self.shenzhen, "payouts"))]
        self.told.of("SettlementTransfers", ({"created"}, {"paid"}), (set(waits), set(done)))

    def _printed(self, statement_id: str) -> None:
        path = f"/v1/statements/{statement_id}/pdf"
        self.market.done(202, "POST", path, token=self.shenzhen.token)
        self.cloud.settle()
        ready = self.market.done(200, "GET", path, token=self.shenzhen.token)
        self.told.of("SettlementPapers", ("ready", b"%PDF"), (ready["status"], _opened(ready["url"])[:4]))

    def _cleared(self) -> None:
        """Stripe has been cleared up to the day before yesterday, so that yesterday is to be done."""
        day = (datetime.now(UTC) - _LONG).date().isoformat()
        row = {"pk": {"S": "cleared#stripe"}, "sk": {"S": "day"}, "day": {"S": day}}
        self._put("clearing", row)
        self.cloud.clock("ClearingRun")
        waiting = self.cloud.received("ClearingJobs")
        gathered = [job for job in map(_body, waiting) if job["stage"] == "gather"]
        self.told.of("ClearingRun", ["stripe"], [job["source"] for job in gathered])
        self.cloud.give_back("ClearingJobs", waiting)
        self.cloud.settle()
        reports = self._get("/v1/clearing/reports?source=stripe")["data"]
        self.told.of("ClearingJobs", 1, len(reports))

    def _tampered(self) -> None:
        """An entry of the audit log that was written yesterday, and by nobody who may."""
        row = max((row for row in self._rows("audit") if "body" in row), key=lambda row: row["at"]["S"])
        yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        forged = {**row, "day": {"S": yesterday}, "pk": {"S": "chain#forged"}, "sk": {"S": f"{1:010}"}}
        self.market.dynamodb.put_item(TableName=self._table("audit"), Item={**forged, "sequence": {"N": "1"}})
        done = self.cloud.clock("AuditCheck")
        counted = [json.loads(line).get("AuditFaults") for line in done.logs]
        self.told.of("AuditCheck", True, any(counted))

    def _missed_event(self) -> None:
        """An event that the stream lost: its row is two days old, and the relay never saw it."""
        self.market.placed(self.milan.sku)
        self.cloud.new_records()
        for row in self._rows("outbox"):
            if "unsent_shard" in row:
                self._backdated("outbox", row, "created_at")
        before = self.market.unsent()
        self.cloud.clock("OutboxSweep")
        self.told.of("OutboxSweep", (True, 0), (before > 0, self.market.unsent()))
        self.cloud.settle()

    def _forgotten(self, token: str, order: Any, shipment: Any) -> None:
        asked = self.market.done(202, "POST", "/v1/me/exports", token=token)
        self.cloud.settle()
        ready = self.market.done(200, "GET", f"/v1/me/exports/{asked['id']}", token=token)
        archive = _opened(ready["url"]).decode()
        self.told.of(
            "PrivacyEvents",
            ("ready", True, True),
            (ready["status"], EMAIL in archive, order["id"] in archive),
        )
        member_id = self.market.done(200, "GET", "/v1/me", token=token)["id"]
        before = self._papers_kept(shipment["id"])
        self.market.done(202, "POST", "/v1/me/erasure", {}, token=token)
        self.cloud.settle()
        self.told.of("LogisticsEvents", (True, 0), (before > 0, self._papers_kept(shipment["id"])))
        (row,) = [row for row in self._rows("privacy") if row["pk"]["S"] == f"erasure#{member_id}"]
        self._backdated("privacy", row, "due_at")
        self.cloud.clock("PrivacyLooks")
        seen = self._get(f"/v1/erasures/{member_id}")
        self.told.of("PrivacyLooks", ("erased", []), (seen["status"], seen["waiting_for"]))

    def _placed(self, token: str, lines: dict[str, int]) -> Any:
        wish = {
            "lines": [{"sku": sku, "quantity": units} for sku, units in lines.items()],
            "ship_to": BERLIN,
            "currency": "EUR",
        }
        quote = self.market.done(201, "POST", "/v1/quotes", wish, token=token)
        body = {
            "quote_id": quote["id"],
            "option_id": quote["options"][0]["id"],
            "contact": {"name": "Berta Bare", "email": EMAIL},
            "payment": {"method": "card"},
        }
        return self.market.done(201, "POST", "/v1/orders", body, token=token, headers=_key())

    def _paid(self, placed: Any) -> None:
        self.market.control(f"payment_intents/{intent_of(placed)}/pay")
        self._heard()

    def _heard(self) -> None:
        """What Stripe has to tell, and all that follows."""
        self.market.control("webhooks/release")
        self.market.control("webhooks/hold")
        self.cloud.settle()

    def _seller(self, role: str, currency: str) -> Seller:
        token = self.market.signed_in(role)
        return Seller(token, self.market.done(200, "GET", "/v1/me", token=token)["merchant_id"], currency)

    def _paid_to(self, seller: Seller, currency: str, account: dict[str, str]) -> None:
        path = f"/v1/merchants/{seller.merchant_id}/payout-destinations/{currency}"
        self.market.done(200, "PUT", path, account, token=seller.token)

    def _get(self, path: str) -> Any:
        """As an operator."""
        return self.market.done(200, "GET", path, token=self.market.operator)

    def _listed(self, seller: Seller, what: str) -> list[Any]:
        """A merchant's "statements" or "payouts"."""
        path = f"/v1/merchants/{seller.merchant_id}/{what}"
        found: list[Any] = self.market.done(200, "GET", path, token=seller.token)["data"]
        return found

    def _availability(self, sku: str) -> bool:
        listed = self.market.done(200, "GET", "/v1/products?limit=100")["data"]
        (variant,) = [each for product in listed for each in product["variants"] if each["sku"] == sku]
        return bool(variant["available"])

    def announced(self, event: str, of: str) -> int:
        """How often an event was written that names this."""
        return sum(row["event"]["S"] == event and of in row["body"]["S"] for row in self._rows("outbox"))

    def _letters(self) -> list[Any]:
        told = json.loads(_opened(f"{self.stage.aws_endpoint}/_ministack/ses/messages"))
        return [letter for letters in told["messages"].values() for letter in letters]

    def _papers_kept(self, shipment_id: str) -> int:
        bucket = self.cloud.functions["OrdersPapers"].environment["ENTREPOT_PAPERS_BUCKET"]
        kept = self.stage.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
        return sum(shipment_id in each["Key"] for each in kept)

    def _transfer_due(self) -> None:
        """The next try of every transfer that waits was due two days ago."""
        for row in self._rows("settlement"):
            if row["pk"]["S"].startswith("transferring#"):
                moment, _, payout_id = row["sk"]["S"].partition("#")
                (payout,) = [
                    each for each in self._rows("settlement") if each["pk"]["S"] == f"payout#{payout_id}"
                ]
                document = json.loads(payout["payout"]["S"])
                document["ask_at"] = _before(document["ask_at"])
                self._put("settlement", {**payout, "payout": {"S": json.dumps(document)}})
                key = {"pk": row["pk"], "sk": row["sk"]}
                self.market.dynamodb.delete_item(TableName=self._table("settlement"), Key=key)
                self._put("settlement", {**row, "sk": {"S": f"{_before(moment)}#{payout_id}"}})

    def _backdated(self, table: str, row: dict[str, Any], attribute: str) -> None:
        self._put(table, {**row, attribute: {"S": _before(row[attribute]["S"])}})

    def _put(self, table: str, row: dict[str, Any]) -> None:
        self.market.dynamodb.put_item(TableName=self._table(table), Item=row)

    def _rows(self, table: str) -> list[dict[str, Any]]:
        return list(rows(self.market.dynamodb, self._table(table)))

    def _table(self, name: str) -> str:
        return f"entrepot-{self.stage.stage}-{name}"

    @staticmethod
    def _number(seller: Seller) -> str:
        return f"YT{sum(seller.sku.encode()):010d}"


def _before(moment: str) -> str:
    """Two days earlier, written in the same way."""
    day = datetime.fromisoformat(moment[:10]) - _LONG
    return day.date().isoformat() + moment[10:]


def _new(before: list[Any], after: list[Any]) -> list[Any]:
    known = {each["id"] for each in before}
    return [each for each in after if each["id"] not in known]


def _body(message: dict[str, Any]) -> Any:
    return json.loads(message["Body"])


def _opened(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as opened:
        content: bytes = opened.read()
        return content


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}
