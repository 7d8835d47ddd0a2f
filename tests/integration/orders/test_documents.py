"""What a parcel costs by an operator's rate card, and its papers: for its merchant and the operator alone."""

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from pypdf import PdfReader

from entrepot.cloud import aws, reads, writes
from entrepot.contracts.events import encoded
from entrepot.contracts.orders import BuyerForgotten
from entrepot.kernel.clock import utc_now
from functions.logistics import facade as logistics
from functions.logistics import papers as papers_job
from functions.logistics import store as logistics_store
from functions.logistics import tariffs, typst_gateway
from functions.logistics.domain.card_csv import rendered
from functions.orders import store
from functions.orders.domain.forgetting import forgotten
from functions.orders.service import documents
from tests.integration.orders.bazaar import Bazaar, meanwhile
from tests.support import pump
from tests.support.http import Answer, call


def papers(shipment: Any, method: str = "GET", **options: Any) -> Answer:
    return call(method, f"/v1/shipments/{shipment['id']}/documents", **options)


def messages() -> list[str]:
    """What the queue of papers holds, taken from it."""
    sqs, url = aws.client("sqs"), aws.queue_url(logistics.PAPERS_QUEUE)
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for each in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return [each["Body"] for each in taken]


def objects(order_id: str) -> list[str]:
    """What the bucket holds of an order."""
    found = aws.client("s3").list_objects_v2(Bucket=aws.name("papers"), Prefix=f"papers/{order_id}/")
    return [each["Key"] for each in found.get("Contents", [])]


def content(url: str) -> bytes:
    """The object that a link opens."""
    key = unquote(urlsplit(url).path).lstrip("/").removeprefix(f"{aws.name('papers')}/")
    body: bytes = aws.client("s3").get_object(Bucket=aws.name("papers"), Key=key)["Body"].read()
    return body


@pytest.fixture
def shipment(bazaar):
    placed = bazaar.paid({"PHONES-1": 2, "BAG-1": 1})
    return placed, bazaar.ship(bazaar.shenzhen, placed, {"PHONES-1": 2})


def test_the_merchant_gets_papers_that_agree_with_the_order(bazaar, shipment):
    placed, parcel = shipment
    token = bazaar.shenzhen.token

    before = papers(parcel, token=token).json
    asked = papers(parcel, "POST", token=token)
    for message in messages():
        documents.write(message)
    answer = papers(parcel, token=token)

    assert ("none", [], 202, "pending", 200, "ready") == (
        before["status"], before["data"], asked.status, asked.json["status"], answer.status, answer.json["status"],
    ), answer.text  # fmt: skip
    (line,) = (each for each in bazaar.order(placed)["lines"] if each["sku"] == "PHONES-1")
    declared = answer.json["declaration"]
    assert (line["total"], line["goods"]) == (declared["total"], declared["lines"][0]["goods"])
    files = {paper["kind"]: content(paper["url"]) for paper in answer.json["data"]}
    assert ["commercial_invoice", "cn22", "cn23", "packing_list"] == list(files)
    text = PdfReader(BytesIO(files["commercial_invoice"])).pages[0].extract_text()
    assert placed["id"] in text
    assert "attachment" in unquote(answer.json["data"][0]["url"])
    assert "X-Amz-Expires=300" in answer.json["data"][0]["url"]


def test_asking_again_gives_the_same_papers_and_no_second_job(bazaar, shipment):
    placed, parcel = shipment
    token = bazaar.shenzhen.token

    papers(parcel, "POST", token=token)
    papers(parcel, "POST", token=token)
    (message,) = messages()
    documents.write(message)
    first = objects(placed["id"])
    documents.write(message)
    again = papers(parcel, "POST", token=token)

    assert ("ready", [], first, 4) == (again.json["status"], messages(), objects(placed["id"]), len(first))


def test_a_job_that_fails_says_so_and_may_be_asked_for_again(bazaar, shipment, monkeypatch):
    _, parcel = shipment
    token = bazaar.shenzhen.token
    papers(parcel, "POST", token=token)
    (message,) = messages()

    with monkeypatch.context() as broken:
        broken.setattr(typst_gateway, "rendered", _fails)
        with pytest.raises(RuntimeError):
            documents.write(message)
    failed = papers(parcel, token=token).json

    assert ("failed", "papers_failed", []) == (failed["status"], failed["failure"]["code"], failed["data"])
    assert "pending" == papers(parcel, "POST", token=token).json["status"]
    documents.write(messages()[0])
    assert "ready" == papers(parcel, token=token).json["status"]


def test_forgotten_papers_are_gone_and_a_late_job_brings_none_back(bazaar, shipment):
    placed, parcel = shipment
    papers(parcel, "POST", token=bazaar.shenzhen.token)
    (message,) = messages()
    documents.write(message)

    logistics.forget_papers(placed["id"])
    logistics.forget_papers(placed["id"])
    documents.write(message)

    assert ([], "none") == (objects(placed["id"]), papers(parcel, token=bazaar.shenzhen.token).json["status"])


def test_papers_that_are_forgotten_while_they_are_written_do_not_stay(bazaar, shipment, monkeypatch):
    placed, parcel = shipment
    papers(parcel, "POST", token=bazaar.shenzhen.token)
    (message,) = messages()
    real = typst_gateway.rendered

    def forgets(sheet: Any) -> bytes:
        logistics.forget_papers(placed["id"])
        return real(sheet)

    monkeypatch.setattr(typst_gateway, "rendered", forgets)
    documents.write(message)

    assert [] == objects(placed["id"])


def test_what_an_earlier_try_has_left_of_a_forgotten_buyer_is_dropped_by_the_next(
    bazaar, shipment, monkeypatch
):
    placed, parcel = shipment
    papers(parcel, "POST", token=bazaar.shenzhen.token)
    (message,) = messages()
    with monkeypatch.context() as died:
        died.setattr(papers_job, "_tell", _fails)
        with pytest.raises(RuntimeError):
            documents.write(message)
    order = reads.fetch_one(store.order_read(placed["id"]), consistent=True)
    assert order is not None
    writes.commit(*store.save_order(order, forgotten(order, date(2037, 12, 31))))
    assert 4 == len(objects(placed["id"]))

    documents.write(message)

    assert [] == objects(placed["id"])
    assert logistics.papers_found(placed["id"], parcel["id"], utc_now()) is None


def test_papers_that_nobody_can_be_told_of_have_failed_and_may_be_asked_for_again(
    bazaar, shipment, monkeypatch
):
    _, parcel = shipment
    token = bazaar.shenzhen.token
    with monkeypatch.context() as broken:
        broken.setattr(aws, "queue_url", _fails)
        failed = papers(parcel, "POST", token=token)

    assert 500 == failed.status
    assert "failed" == papers(parcel, token=token).json["status"]
    assert "pending" == papers(parcel, "POST", token=token).json["status"]
    assert 1 == len(messages())


def test_what_is_no_longer_in_the_making_has_failed_and_what_was_dropped_is_absent(bazaar, shipment):
    placed, parcel = shipment
    papers(parcel, "POST", token=bazaar.shenzhen.token)
    asked = logistics.papers_found(placed["id"], parcel["id"], utc_now())
    assert asked is not None
    at = asked.asked_at

    def state(later: timedelta) -> str | None:
        found = logistics.papers_found(placed["id"], parcel["id"], at + later)
        return found.state.value if found else None

    assert ("pending", "failed") == (state(timedelta(minutes=19)), state(timedelta(minutes=20)))
    documents.write(messages()[0])
    assert ("ready", None) == (state(timedelta(days=28, seconds=-1)), state(timedelta(days=28)))


def test_papers_that_are_written_while_they_are_forgotten_are_forgotten(bazaar, shipment):
    placed, parcel = shipment
    papers(parcel, "POST", token=bazaar.shenzhen.token)
    (message,) = messages()

    with meanwhile(logistics_store, "papers_dropped", after=lambda: documents.write(message)):
        logistics.forget_papers(placed["id"])

    assert [] == objects(placed["id"])
    assert logistics.papers_found(placed["id"], parcel["id"], utc_now()) is None


def test_a_message_about_a_shipment_that_is_gone_is_done_with(bazaar):
    documents.write('{"order_id": "ord_none", "shipment_id": "shp_none"}')

    assert [] == objects("ord_none")


def _fails(*given: Any) -> Any:
    raise RuntimeError


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_merchant_and_the_buyer_get_no_papers(bazaar, shipment, method):
    placed, parcel = shipment

    assert (404, "not_found") == _refused(papers(parcel, method, token=bazaar.milan.token))
    assert 401 == papers(parcel, method, headers={"Order-Token": placed["order_token"]}).status
    assert (404, "not_found") == _refused(papers({"id": "shp_none"}, method, token=bazaar.shenzhen.token))
    assert [] == messages()


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


def test_a_buyer_who_is_forgotten_takes_the_papers_along(bazaar, shipment):
    placed, parcel = shipment
    papers(parcel, "POST", token=bazaar.shenzhen.token)
    documents.write(messages()[0])
    assert objects(placed["id"])
    event = BuyerForgotten(
        event_id="evt_forgotten", occurred_at=utc_now(), order_id=placed["id"], payment_ids=(),
        shipment_ids=(parcel["id"],), kept_until=utc_now().date(),
    )  # fmt: skip

    assert [] == pump.deliver("logistics-events", encoded(event))

    assert ([], "none") == (objects(placed["id"]), papers(parcel, token=bazaar.shenzhen.token).json["status"])
