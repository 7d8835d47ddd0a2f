"""What a parcel costs by an operator's rate card, and its papers: for its merchant and the operator alone."""

import base64
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from entrepot.kernel.clock import utc_now
from functions.logistics import tariffs
from functions.logistics.domain.card_csv import rendered
from tests.integration.orders.bazaar import Bazaar
from tests.support.http import Answer, call


def papers(shipment: Any, **options: Any) -> Answer:
    return call("GET", f"/v1/shipments/{shipment['id']}/documents", **options)


def test_the_merchant_gets_papers_that_agree_with_the_order(bazaar):
    placed = bazaar.paid({"PHONES-1": 2, "BAG-1": 1})
    shipment = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})

    answer = papers(shipment, token=bazaar.shenzhen.token)

    assert 200 == answer.status, answer.text
    (line,) = (each for each in bazaar.order(placed)["lines"] if each["sku"] == "PHONES-1")
    declared = answer.json["declaration"]
    assert (line["total"], line["goods"]) == (declared["total"], declared["lines"][0]["goods"])
    assert None is not declared["lines"][0]["hs_code"]
    text = {
        paper["kind"]: PdfReader(BytesIO(base64.b64decode(paper["content"]))).pages[0].extract_text()
        for paper in answer.json["data"]
    }
    assert ["commercial_invoice", "cn22", "cn23", "packing_list"] == list(text)
    assert placed["id"] in text["commercial_invoice"]
    assert answer.json == papers(shipment, token=bazaar.shenzhen.token).json


def test_another_merchant_and_the_buyer_get_no_papers(bazaar):
    placed = bazaar.paid({"PHONES-1": 1, "BAG-1": 1})
    shipment = bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 1})

    assert (404, "not_found") == _refused(papers(shipment, token=bazaar.milan.token))
    assert 401 == papers(shipment, headers={"Order-Token": placed["order_token"]}).status
    assert (404, "not_found") == _refused(papers({"id": "shp_none"}, token=bazaar.shenzhen.token))


def _refused(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def test_an_imported_rate_card_prices_the_next_quote(bazaar):
    today = utc_now().date()
    old = next(card for card in tariffs.all_rate_cards() if card.carrier == "yunexpress")
    new = replace(
        old,
        card_id="yunexpress-new",
        valid_from=today,
        zones=tuple(replace(zone, base_amount=zone.base_amount + 1000) for zone in old.zones),
    )
    file = rendered([replace(old, valid_to=today - timedelta(days=1)), new])
    before = _freight(bazaar)

    made = call("POST", "/v1/rate-cards/imports", {"csv": file}, token=bazaar.operator)

    assert (200, 1, True) == (made.status, made.json["version"], made.json["changed"])
    assert before[1] != "yunexpress-new" == _freight(bazaar)[1]
    assert _freight(bazaar)[0] > before[0]
    listed = call("GET", "/v1/rate-cards", token=bazaar.operator).json["data"]
    assert ["yunexpress-new", old.card_id] == sorted(
        (card["card_id"] for card in listed if card["imported"]), key=lambda name: name != "yunexpress-new"
    )


def test_a_wrong_file_is_refused_by_row_and_column(bazaar):
    file = rendered(tariffs.all_rate_cards()[:1]).replace("dhl_express", "pigeon_post", 1)

    refused = call("POST", "/v1/rate-cards/imports", {"csv": file}, token=bazaar.operator)

    assert (422, "bad_rate_cards") == (refused.status, refused.code)
    assert {"row": 2, "column": "carrier"}.items() <= refused.json["errors"][0].items()


def _freight(bazaar: Bazaar) -> tuple[int, str]:
    """What the cheapest way costs, and the card that says so."""
    cheapest = bazaar.quote({"PHONES-1": 1})["options"][0]
    rule = next(entry["rule"] for entry in cheapest["explain"] if entry["charge"] == "freight")
    return cheapest["freight"]["amount"], rule.partition("/")[0]
