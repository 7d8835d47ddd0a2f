"""What is heavy runs in functions of its own: a search engine asked by a route, a typesetter behind a queue."""

import io
import urllib.request

from pypdf import PdfReader

from tests.support.e2e_market import Market, intent_of


def test_a_code_is_suggested_by_the_search_worker(market: Market) -> None:
    body = {"text": "Green tea in a tin", "limit": 1}

    answer = market.done(200, "POST", "/v1/hs-codes/suggestions", body, token=market.merchant)

    assert ["090210"] == [found["hs_code"] for found in answer["data"]]


def test_papers_are_written_by_their_job_and_opened_by_a_link(market: Market) -> None:
    sku = market.stocked(units=1)
    placed = market.placed(sku)
    market.control(f"payment_intents/{intent_of(placed)}/pay")
    market.wait_quiet()
    handed = {
        "carrier": "yunexpress",
        "tracking_number": "YT20261125001",
        "lines": [{"sku": sku, "quantity": 1}],
    }
    shipment = market.done(
        201,
        "POST",
        f"/v1/orders/{placed['id']}/shipments",
        handed,
        token=market.merchant,
        headers={"Idempotency-Key": f"ship-{sku}"},
    )
    path = f"/v1/shipments/{shipment['id']}/documents"

    asked = market.done(202, "POST", path, token=market.merchant)
    market.wait_quiet()
    ready = market.done(200, "GET", path, token=market.merchant)

    assert ("pending", "ready", None) == (asked["status"], ready["status"], ready["failure"])
    invoice = next(paper for paper in ready["data"] if paper["kind"] == "commercial_invoice")
    with urllib.request.urlopen(invoice["url"], timeout=10) as opened:
        text = PdfReader(io.BytesIO(opened.read())).pages[0].extract_text()
    assert placed["id"] in text
