"""The papers of a shipment over HTTP: for its merchant and the operator, and for nobody else."""

import base64
from io import BytesIO
from typing import Any

from pypdf import PdfReader

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
