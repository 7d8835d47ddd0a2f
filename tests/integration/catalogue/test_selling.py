"""What is on sale is seen and can be bought, what is not is neither; inventory's reports show in both."""

import pytest

from entrepot.cloud import dynamo, inbox, reads
from entrepot.contracts.events import encoded
from entrepot.contracts.inventory import AvailabilityChanged
from entrepot.kernel.clock import utc_now
from entrepot.kernel.money import Money
from functions.catalogue import facade, service
from functions.catalogue.domain import Dimensions
from functions.catalogue.triggers import triggers
from tests.integration.catalogue.market import MILAN, SHENZHEN, Market, variant


def availability(market: Market, product_id: str) -> tuple[list[bool], list[bool]]:
    """What the list and the product's page say of its variants."""
    cards = {card["id"]: card for card in market.get("/v1/products").body["data"]}
    page = market.get(f"/v1/products/{product_id}").body
    return (
        [entry["available"] for entry in cards[product_id]["variants"]],
        [entry["available"] for entry in page["variants"]],
    )


def test_a_published_product_is_in_its_lists_and_a_draft_in_none(market: Market) -> None:
    market.create(variants=[variant("DRAFT")], category_id="kitchen", tags=["new"])
    cup = market.published(category_id="kitchen", tags=["new", "gift"], brand="Lanxi")
    pot = market.published(MILAN, title="Pot", variants=[variant("POT-1", 5900)], category_id="garden")

    assert [pot, cup] == market.ids()
    assert [cup] == market.ids("/v1/products?category=kitchen")
    assert [cup] == market.ids("/v1/products?tag=gift")
    assert [pot] == market.ids(f"/v1/products?merchant={MILAN}")
    assert [] == market.ids("/v1/products?tag=unheard-of")


def test_a_list_is_one_query_and_a_page_is_one_get(market: Market) -> None:
    cup = market.published(brand="Lanxi")

    answer = market.get("/v1/products")

    assert ["Query"] == market.requests
    assert {
        "data": [
            {
                "id": cup,
                "merchant_id": SHENZHEN,
                "title": "Cup",
                "brand": "Lanxi",
                "variants": [
                    {"sku": "CUP-1", "price": {"amount": 1990, "currency": "EUR"}, "available": False}
                ],
            }
        ],
        "next_cursor": None,
    } == answer.body
    assert 200 == market.get(f"/v1/products/{cup}").status
    assert ["GetItem"] == market.requests


@pytest.mark.parametrize(
    "query", ["category=a&tag=b", "tag=b&merchant=mrc_1", "category=a&tag=b&merchant=mrc_1"]
)
def test_two_filters_at_once_are_not_supported(market: Market, query: str) -> None:
    answer = market.get(f"/v1/products?{query}")

    assert (422, "unsupported_filter") == (answer.status, answer.code)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "brand=Lanxi", "tag=a%23b"])
def test_a_query_out_of_shape_is_malformed(market: Market, query: str) -> None:
    assert 400 == market.get(f"/v1/products?{query}").status


def test_a_list_goes_on_where_its_cursor_says(market: Market) -> None:
    newest_first = [market.published(variants=[variant(f"CUP-{i}")]) for i in range(5)][::-1]

    seen, cursor = [], ""
    for _ in range(4):
        page = market.get(f"/v1/products?limit=2{cursor}").body
        seen += [card["id"] for card in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert newest_first == seen


def test_a_cursor_serves_its_own_caller_and_filter_only(market: Market) -> None:
    for i in range(2):
        market.published(variants=[variant(f"CUP-{i}")], tags=["new"])
    cursor = market.get("/v1/products?limit=1").body["next_cursor"]

    assert 200 == market.get(f"/v1/products?limit=1&cursor={cursor}").status
    refused = [
        market.get(f"/v1/products?limit=1&cursor={cursor}", SHENZHEN),
        market.get(f"/v1/products?limit=1&tag=new&cursor={cursor}"),
        market.get(f"/v1/products?limit=1&cursor={cursor[:-2]}AA"),
        market.get("/v1/products?limit=1&cursor=x"),
    ]
    assert {(400, "bad_cursor")} == {(answer.status, answer.code) for answer in refused}


def test_publishing_twice_is_publishing_once(market: Market) -> None:
    created = market.create()

    first = market.act(created.body["id"], "publish")
    second = market.act(created.body["id"], "publish")

    assert (200, '"2"', "published") == (first.status, first.etag, first.body["status"])
    assert (200, first.etag, first.body) == (second.status, second.etag, second.body)
    assert ["catalogue.product_created", "catalogue.product_published"] == [
        event["event"] for event in market.events()
    ]


def test_publishing_names_what_is_missing(market: Market) -> None:
    created = market.create(hs_code=None)

    answer = market.act(created.body["id"], "publish")

    assert (422, "not_ready_for_sale", "hs_code") == (answer.status, answer.code, answer.body["field"])
    assert [] == market.ids()


def test_what_is_unpublished_is_neither_seen_nor_bought(market: Market) -> None:
    cup = market.published(category_id="kitchen", tags=["new"])

    answer = market.act(cup, "unpublish")

    assert (200, "draft") == (answer.status, answer.body["status"])
    assert answer.body == market.act(cup, "unpublish").body
    for query in ("", "?category=kitchen", "?tag=new", f"?merchant={SHENZHEN}"):
        assert [] == market.ids(f"/v1/products{query}")
    assert 404 == market.get(f"/v1/products/{cup}").status
    assert 404 == market.get(f"/v1/products/{cup}", "shopper").status
    assert 200 == market.get(f"/v1/products/{cup}", SHENZHEN).status
    offer = reads.fetch_one(facade.offer_read("CUP-1"))
    assert offer is not None
    assert not offer.on_sale


def test_a_product_published_again_keeps_its_place(market: Market) -> None:
    cup = market.published()
    pot = market.published(variants=[variant("POT-1")])
    market.act(cup, "unpublish")
    market.act(cup, "publish")

    assert [pot, cup] == market.ids()


def test_an_edit_on_sale_moves_the_card_between_lists(market: Market) -> None:
    cup = market.published(category_id="kitchen", tags=["new", "gift"])

    answer = market.patch(cup, '"2"', category_id="garden", tags=["gift", "sale"], title="Mug")

    assert 200 == answer.status
    assert [[], [cup], [], [cup], [cup]] == [
        market.ids(f"/v1/products?{query}")
        for query in ("category=kitchen", "category=garden", "tag=new", "tag=gift", "tag=sale")
    ]
    assert {"Mug"} == {
        market.get(f"/v1/products{query}").body["data"][0]["title"]
        for query in ("", "?tag=gift", "?tag=sale")
    }


def test_an_offer_tells_all_that_a_quote_asks(market: Market) -> None:
    size = {"length": 90, "width": 80, "height": 100}
    cup = market.published(
        category_id="kitchen", tax_category="tableware", variants=[variant("CUP-1", dimensions_mm=size)]
    )

    offer = reads.fetch_one(facade.offer_read("CUP-1"))

    assert (
        facade.Offer(
            sku="CUP-1",
            product_id=cup,
            merchant_id=SHENZHEN,
            title="Cup",
            price=Money(1990, "EUR"),
            weight_grams=320,
            dimensions_mm=Dimensions(90, 80, 100),
            origin_country="CN",
            hs_code="691110",
            tax_category="tableware",
            category_id="kitchen",
            on_sale=True,
        )
        == offer
    )
    assert reads.fetch_one(facade.offer_read("NEVER")) is None


def test_availability_shows_in_list_and_page_and_leaves_the_etag(market: Market) -> None:
    cup = market.published(variants=[variant("A"), variant("B")], tags=["new"])

    market.report("B", available=True, sequence=1)  # a SKU may be called like a type of DynamoDB

    assert ([False, True], [False, True]) == availability(market, cup)
    assert '"2"' == market.get(f"/v1/products/{cup}").etag
    assert 200 == market.patch(cup, '"2"', title="Mug").status
    assert ([False, True], [False, True]) == availability(market, cup)


def test_an_older_or_repeated_report_changes_nothing(market: Market) -> None:
    cup = market.published()
    market.report("CUP-1", available=True, sequence=5)

    for sequence in (4, 5):
        market.report("CUP-1", available=False, sequence=sequence)

    assert ([True], [True]) == availability(market, cup)
    market.report("CUP-1", available=False, sequence=6)
    assert ([False], [False]) == availability(market, cup)


def test_a_report_is_taken_in_once(market: Market) -> None:
    market.published()
    event = market.report("CUP-1", available=True, sequence=1)

    with pytest.raises(inbox.AlreadyHandled):
        service.on_availability_changed(
            event, inbox.once("catalogue-events", event.event_id, utc_now()), utc_now()
        )


def test_the_queue_hands_a_report_over_and_its_repetition_is_done_too(market: Market) -> None:
    cup = market.published()
    now = utc_now()
    event = AvailabilityChanged(event_id="evt_1", occurred_at=now, sku="CUP-1", available=True, sequence=1)

    for _ in range(2):
        triggers.all[0].handle(encoded(event), now)

    assert "catalogue_events" == triggers.all[0].name
    assert ([True], [True]) == availability(market, cup)


def test_what_was_reported_of_a_draft_shows_once_it_is_published(market: Market) -> None:
    created = market.create()
    market.report("CUP-1", available=True, sequence=1)

    market.act(created.body["id"], "publish")

    assert ([True], [True]) == availability(market, created.body["id"])


def test_a_report_of_a_removed_or_unknown_sku_is_put_aside(market: Market) -> None:
    cup = market.published(variants=[variant("A"), variant("B")])
    market.patch(cup, '"2"', variants=[variant("B")])

    market.report("A", available=True, sequence=9)
    market.report("NEVER", available=True, sequence=1)

    assert ([False], [False]) == availability(market, cup)


def test_a_report_and_an_edit_at_once_both_stand(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    cup = market.published()
    send, intruded = dynamo.call, list[str]()

    def intruding(operation: str, **arguments):
        if operation == "TransactWriteItems" and not intruded:
            intruded.append(operation)
            market.report("CUP-1", available=True, sequence=1)
        return send(operation, **arguments)

    monkeypatch.setattr(dynamo, "call", intruding)
    answer = market.patch(cup, '"2"', title="Mug")

    assert (200, '"3"') == (answer.status, answer.etag)
    assert ([True], [True]) == availability(market, cup)
    assert "Mug" == market.get("/v1/products").body["data"][0]["title"]


def test_a_report_that_meets_an_edit_does_not_undo_it(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    cup = market.published()
    send, intruded = dynamo.call, list[str]()

    def intruding(operation: str, **arguments):
        if operation == "TransactWriteItems" and not intruded:
            intruded.append(operation)
            market.patch(cup, '"2"', title="Mug")
        return send(operation, **arguments)

    monkeypatch.setattr(dynamo, "call", intruding)
    market.report("CUP-1", available=True, sequence=1)

    assert ([True], [True]) == availability(market, cup)
    assert "Mug" == market.get("/v1/products").body["data"][0]["title"]
