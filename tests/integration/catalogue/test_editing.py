"""A product is written, changed under its ETag, deleted and brought back; its history says who and when."""

import threading
from typing import Any

import pytest

from entrepot.cloud import aws, dynamo, reads, writes
from entrepot.kernel.refusals import NotFound
from functions.catalogue import facade
from tests.integration.catalogue.market import MILAN, SHENZHEN, Market, product, variant

FIRST, LAST = "2026-11-27T00:00:00.000001Z", "2026-12-01T00:00:00.000001Z"


def test_a_created_product_is_a_draft_with_an_etag(market: Market) -> None:
    answer = market.create(
        texts={"zh-CN": {"title": "杯子"}},
        variants=[variant("CUP-1", dimensions_mm={"length": 90, "width": 80, "height": 100})],
    )

    assert (201, '"1"', "draft") == (answer.status, answer.etag, answer.body["status"])
    shown = market.get(f"/v1/products/{answer.body['id']}", SHENZHEN)
    assert answer.body == shown.body
    assert "杯子" == shown.body["texts"]["zh-CN"]["title"]
    assert {"length": 90, "width": 80, "height": 100} == shown.body["variants"][0]["dimensions_mm"]
    assert ["catalogue.product_created"] == [event["event"] for event in market.events()]


def test_only_merchants_write_products(market: Market) -> None:
    assert 401 == market.send("POST", "/v1/products", None, product()).status
    assert 403 == market.send("POST", "/v1/products", "shopper", product()).status
    assert [] == market.events()


@pytest.mark.parametrize(
    ("status", "field", "changes"),
    [
        (400, "stock", {"stock": 3}),
        (400, "variants[0].price.amount", {"variants": [variant("CUP-1", -1)]}),
        (422, "variants[0].price.amount", {"variants": [variant("CUP-1", 0)]}),
        (422, "variants[1].sku", {"variants": [variant("CUP-1"), variant("CUP-1")]}),
        (400, "variants", {"variants": [variant(f"CUP-{i}") for i in range(41)]}),
    ],
)
def test_a_refused_product_leaves_no_trace(
    market: Market, status: int, field: str, changes: dict[str, Any]
) -> None:
    answer = market.create(**changes)

    assert (status, field) == (answer.status, answer.body["field"])
    assert [] == market.events()
    assert 201 == market.create().status


def test_a_sku_belongs_to_the_first_and_the_second_learns_no_more_than_that(market: Market) -> None:
    market.create(SHENZHEN)

    answer = market.create(MILAN, variants=[variant("NEW"), variant("CUP-1")])

    assert (409, "sku_taken", "CUP-1") == (answer.status, answer.code, answer.body["sku"])
    assert SHENZHEN not in str(answer.body)
    assert "product_id" not in answer.body
    assert reads.fetch_one(facade.offer_read("NEW")) is None


def test_who_was_not_answered_and_asks_again_is_told_which_of_their_products_has_the_sku(
    market: Market,
) -> None:
    made = market.create(SHENZHEN)

    again = market.create(SHENZHEN)

    assert (409, "sku_taken") == (again.status, again.code)
    assert made.body["id"] == again.body["product_id"]


def test_a_patch_replaces_what_it_names_and_nothing_else(market: Market) -> None:
    created = market.create(brand="Lanxi", tags=["kitchen"])

    answer = market.patch(created.body["id"], created.etag, title="Mug", brand=None)

    assert (200, '"2"') == (answer.status, answer.etag)
    expected = {**created.body, "title": "Mug", "brand": None, "updated_at": answer.body["updated_at"]}
    assert expected == answer.body
    offer = reads.fetch_one(facade.offer_read("CUP-1"))
    assert offer is not None
    assert "Mug" == offer.title


def test_a_patch_needs_if_match(market: Market) -> None:
    created = market.create()

    answer = market.patch(created.body["id"], None, title="Mug")

    assert (428, "if_match_required") == (answer.status, answer.code)


@pytest.mark.parametrize("etag", ['"1"', '"9"', '"abc"', "*"])
def test_a_stale_etag_changes_nothing(market: Market, etag: str) -> None:
    created = market.create()
    now = market.patch(created.body["id"], created.etag, title="Mug")

    answer = market.patch(created.body["id"], etag, title="Beaker")

    assert (412, "stale") == (answer.status, answer.code)
    assert now.body == market.get(f"/v1/products/{created.body['id']}", SHENZHEN).body


def test_a_patch_that_changes_nothing_is_no_revision(market: Market) -> None:
    created = market.create()

    answer = market.patch(created.body["id"], created.etag, title="Cup")

    assert (200, created.etag, created.body) == (answer.status, answer.etag, answer.body)
    assert 1 == len(market.events())


def test_of_two_edits_at_once_one_is_stale(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    created = market.create()
    product_id = created.body["id"]
    send, intruded = dynamo.call, threading.Event()

    def intruding(operation: str, **arguments):
        if operation == "TransactWriteItems" and not intruded.is_set():
            intruded.set()
            assert 200 == market.patch(product_id, created.etag, title="First").status
        return send(operation, **arguments)

    monkeypatch.setattr(dynamo, "call", intruding)
    answer = market.patch(product_id, created.etag, title="Second")

    assert (412, "stale") == (answer.status, answer.code)
    assert "First" == market.get(f"/v1/products/{product_id}", SHENZHEN).body["title"]


def test_another_merchants_product_is_not_there(market: Market) -> None:
    created = market.create(SHENZHEN)
    product_id = created.body["id"]

    assert {404} == {
        market.get(f"/v1/products/{product_id}", MILAN).status,
        market.get(f"/v1/products/{product_id}").status,
        market.patch(product_id, created.etag, MILAN, title="Mine").status,
        market.act(product_id, "publish", MILAN).status,
        market.act(product_id, "restore", MILAN).status,
        market.delete(product_id, created.etag, MILAN).status,
        market.get(f"/v1/products/{product_id}/revisions", MILAN).status,
    }
    assert 1 == len(market.events())


@pytest.mark.parametrize("product_id", ["prd_1", "x" * 3000, "ord_01JD0000000000000000000001", "%00"])
def test_what_is_no_id_is_not_found(market: Market, product_id: str) -> None:
    assert 404 == market.get(f"/v1/products/{product_id}").status
    assert 404 == market.patch(product_id, '"1"', title="x").status
    assert 404 == market.get(f"/v1/products/{product_id}/revisions", SHENZHEN).status


def test_variants_are_replaced_and_a_removed_sku_never_comes_back(market: Market) -> None:
    created = market.create(variants=[variant("A"), variant("B")])
    product_id = created.body["id"]

    changed = market.patch(product_id, created.etag, variants=[variant("B", 2500), variant("C")])

    assert [("B", 2500), ("C", 1990)] == [
        (entry["sku"], entry["price"]["amount"]) for entry in changed.body["variants"]
    ]
    assert ["A"] == market.shelves.closed
    removed = reads.fetch_one(facade.offer_read("A"))
    assert removed is not None
    assert not removed.on_sale
    again = market.patch(product_id, changed.etag, variants=[variant("A")])
    assert (409, "sku_taken") == (again.status, again.code)
    assert (409, "sku_taken") == (
        (other := market.create(MILAN, variants=[variant("A")])).status,
        other.code,
    )


def test_a_sku_with_stock_cannot_be_removed(market: Market) -> None:
    created = market.create(variants=[variant("A"), variant("B")])
    market.shelves.full.add("A")

    answer = market.patch(created.body["id"], created.etag, title="Mug", variants=[variant("B")])

    assert (409, "stock_left") == (answer.status, answer.code)
    assert created.body == market.get(f"/v1/products/{created.body['id']}", SHENZHEN).body


def test_forty_variants_in_every_list_are_published_in_one_transaction(market: Market) -> None:
    variants = [variant(f"CUP-{i}") for i in range(40)]
    tags = [f"tag-{i}" for i in range(20)]
    created = market.create(variants=variants, tags=tags, category_id="kitchen")

    answer = market.act(created.body["id"], "publish")

    assert 200 == answer.status
    assert 1 == market.requests.count("TransactWriteItems")
    assert [created.body["id"]] == market.ids("/v1/products?tag=tag-19")


def test_the_largest_product_fits_into_a_row(market: Market) -> None:
    long = {"title": "😀" * 200, "description": "😀" * 5000}
    options = {f"{i}" + "😀" * 39: "😀" * 60 for i in range(6)}
    size = {"length": 100_000, "width": 100_000, "height": 100_000}
    skus = [f"{i:064}" for i in range(40)]
    prices = [
        {"currency": "EUR", "amount": 10**12, "market": f"X{letter}", "from": FIRST, "until": LAST}
        for letter in "ABCDEF"
    ]
    hazards = ["battery", "liquid", "magnet"]
    measures = dict.fromkeys(
        ("piece", "pair", "litre", "litre_alcohol", "metre", "m2", "m3"), "999999.999999"
    )
    more = {
        "prices": prices,
        "hs_code": "0123456789",
        "origin_country": "CN",
        "hazards": hazards,
        "measures": measures,
    }
    variants = [variant(sku, 10**13, options=options, dimensions_mm=size, **more) for sku in skus]
    materials = [f"{i}" + "新" * 39 for i in range(6)]
    created = market.create(
        variants=variants,
        materials=materials,
        hazards=hazards,
        tags=[f"{i:02}" + "新" * 48 for i in range(20)],
        **long,
    )
    for sku in skus:
        market.report(sku, available=True, sequence=10**9)

    answer = market.patch(
        created.body["id"], created.etag, texts={f"{letter}{letter}-Hant-CN": long for letter in "abcdefghij"}
    )

    assert 200 == answer.status
    key = {"pk": {"S": f"product#{created.body['id']}"}, "sk": {"S": "product"}}
    row = dynamo.call("GetItem", TableName=aws.name("catalogue"), Key=key)["Item"]
    assert 300_000 < sum(len(value.encode()) for held in row.values() for value in held.values()) < 400 * 1024


def test_what_no_transaction_can_hold_is_refused_whole(market: Market) -> None:
    created = market.create(variants=[variant(f"A-{i}") for i in range(40)])

    answer = market.patch(created.body["id"], created.etag, variants=[variant(f"B-{i}") for i in range(40)])

    assert (422, "too_many_changes") == (answer.status, answer.code)
    assert created.body == market.get(f"/v1/products/{created.body['id']}", SHENZHEN).body
    assert reads.fetch_one(facade.offer_read("B-0")) is None


def test_a_deleted_product_is_gone_for_everyone_and_comes_back_as_a_draft(market: Market) -> None:
    product_id = market.published()
    path = f"/v1/products/{product_id}"

    assert 428 == market.delete(product_id, None).status
    assert 412 == market.delete(product_id, '"1"').status
    assert 204 == market.delete(product_id, '"2"').status

    assert [404, 404] == [market.get(path).status, market.get(path, SHENZHEN).status]
    assert [] == market.ids()
    assert 404 == market.delete(product_id, '"3"').status
    assert {404} == {market.act(product_id, verb).status for verb in ("publish", "unpublish")}
    assert 404 == market.patch(product_id, '"3"', title="Mug").status
    assert (409, "sku_taken") == ((taken := market.create(MILAN)).status, taken.code)

    restored = market.act(product_id, "restore")
    assert (200, '"4"', "draft") == (restored.status, restored.etag, restored.body["status"])
    assert restored.body == market.act(product_id, "restore").body
    assert 404 == market.get(path).status
    assert 200 == market.act(product_id, "publish").status
    assert [product_id] == market.ids()


def test_the_history_says_what_it_was_who_changed_it_and_when(market: Market) -> None:
    created = market.create()
    product_id = created.body["id"]
    changed = market.patch(product_id, created.etag, title="Mug", variants=[variant("CUP-1", 2500)])
    market.act(product_id, "publish")
    market.delete(product_id, '"3"')

    history = market.get(f"/v1/products/{product_id}/revisions", SHENZHEN)

    assert 200 == history.status
    assert ["Query"] == market.requests
    assert [
        (4, "deleted", "deleted", "Mug"),
        (3, "published", "published", "Mug"),
        (2, "changed", "draft", "Mug"),
        (1, "created", "draft", "Cup"),
    ] == [
        (one["revision"], one["change"], one["status"], one["product"]["title"])
        for one in history.body["data"]
    ]
    assert {f"mbr_of_{SHENZHEN}"} == {one["changed_by"] for one in history.body["data"]}
    assert changed.body["updated_at"] == history.body["data"][2]["changed_at"]
    assert 1990 == history.body["data"][3]["product"]["variants"][0]["price"]["amount"]


def test_the_history_is_read_page_by_page(market: Market) -> None:
    created = market.create()
    path = f"/v1/products/{created.body['id']}/revisions?limit=2"
    etag = created.etag
    for title in ("B", "C"):
        etag = market.patch(created.body["id"], etag, title=title).etag

    first = market.get(path, SHENZHEN).body
    second = market.get(f"{path}&cursor={first['next_cursor']}", SHENZHEN).body

    assert [3, 2] == [one["revision"] for one in first["data"]]
    assert ([1], None) == ([one["revision"] for one in second["data"]], second["next_cursor"])


def test_a_sku_is_owned_by_its_merchant_until_it_is_removed(market: Market) -> None:
    created = market.create(SHENZHEN, variants=[variant("A"), variant("B")])

    writes.commit(facade.owned_by("A", SHENZHEN))
    for sku, merchant in (("A", MILAN), ("NEVER", SHENZHEN)):
        with pytest.raises(NotFound):
            writes.commit(facade.owned_by(sku, merchant))

    market.patch(created.body["id"], created.etag, variants=[variant("B")])
    with pytest.raises(NotFound):
        writes.commit(facade.owned_by("A", SHENZHEN))
