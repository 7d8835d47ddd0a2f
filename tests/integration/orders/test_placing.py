"""Placing: one order for one quote and one key, whoever else is at it, and no trace of what was refused."""

from typing import Any

import pytest

from entrepot.cloud import writes
from functions.inventory import facade as inventory
from functions.orders import store
from functions.payments import facade as payments
from tests.integration.orders.bazaar import Bazaar, about, dump, meanwhile, token
from tests.support.http import Answer, call
from tests.support.shop import CONTACT

KEY = "a-key"


def orders_of(bazaar: Bazaar) -> list[Any]:
    """Every order there is, as the operator lists them."""
    answer = call("GET", "/v1/orders", token=bazaar.operator)
    assert 200 == answer.status, answer.text
    data: list[Any] = answer.json["data"]
    return data


def place(quote: Any, key: str | None = KEY, **changes: Any) -> Answer:
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": CONTACT,
        "payment": {"method": "card"},
        **changes,
    }
    return call("POST", "/v1/orders", body, headers={"Idempotency-Key": key} if key else {})


def test_an_order_awaits_its_payment_and_holds_its_stock(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2, "BAG-1": 1})

    placed = place(quote).json

    assert "awaiting_payment" == placed["status"]
    assert quote["options"][0]["total"] == placed["total"]
    assert placed["total"]["amount"] == sum(line["total"]["amount"] for line in placed["lines"])
    assert placed["payment"]["client_secret"]
    assert {"on_hand": 100, "reserved": 2, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert {"on_hand": 100, "reserved": 1, "available": 99} == bazaar.stock(bazaar.milan, "BAG-1")
    (intent,) = bazaar.intents()
    assert (placed["total"]["amount"], "eur") == (intent["amount"], intent["currency"])
    assert 1 == len(about(placed["id"], "orders.order_placed"))


def test_the_same_request_again_is_the_same_order(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    first = place(quote)
    before = dump()

    again = place(quote)

    assert (201, 201) == (first.status, again.status)
    assert first.json == again.json
    assert before == dump()
    assert 1 == len(bazaar.intents())


def test_a_replay_renders_the_order_as_it_has_become(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    placed = place(quote).json
    bazaar.pay(placed)

    again = place(quote)

    assert (201, "paid") == (again.status, again.json["status"])
    assert ("captured", None) == (again.json["payment"]["status"], again.json["payment"]["client_secret"])


def test_the_same_request_that_commits_first_gives_both_one_order(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    faster: list[Answer] = []

    with meanwhile(writes, "commit", before=lambda: faster.append(place(quote))):
        slower = place(quote)

    assert [201, 201] == [slower.status, faster[0].status]
    assert slower.json == faster[0].json
    assert {"on_hand": 100, "reserved": 2, "available": 98} == bazaar.stock(bazaar.shenzhen, "PHONES-1")
    assert 1 == len(orders_of(bazaar)) == len(bazaar.intents())


def test_the_same_request_between_commit_and_provider_makes_one_intent(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    other: list[Answer] = []

    with meanwhile(payments, "start", before=lambda: other.append(place(quote))):
        answer = place(quote)

    assert answer.json == other[0].json
    assert 1 == len(bazaar.intents())


def test_two_keys_on_one_quote_make_one_order(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    faster: list[Answer] = []

    with meanwhile(writes, "commit", before=lambda: faster.append(place(quote, "another"))):
        slower = place(quote)

    assert (409, "quote_used") == (slower.status, slower.code)
    assert 201 == faster[0].status
    assert [faster[0].json["id"]] == [order["id"] for order in orders_of(bazaar)]
    assert 2 == bazaar.stock(bazaar.shenzhen, "PHONES-1")["reserved"]


def test_a_used_quote_is_refused_under_another_key(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    place(quote)
    before = dump()

    answer = place(quote, "another")

    assert (409, "quote_used", "quote_id") == (answer.status, answer.code, answer.json["field"])
    assert before == dump()


def test_a_key_is_good_for_one_body(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    place(quote)
    before = dump()

    answer = place(quote, contact={**CONTACT, "name": "Somebody Else"})

    assert (422, "idempotency_key_reused") == (answer.status, answer.code)
    assert "Idempotency-Key" == answer.json["field"]
    assert before == dump()


def test_a_refusal_does_not_use_up_the_key(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    assert "unknown_option" == place(quote, option_id="opt_none").code

    assert 201 == place(quote).status


def test_a_key_is_forgotten_after_a_day(bazaar: Bazaar) -> None:
    first = place(bazaar.quote({"PHONES-1": 1}))
    bazaar.clock.advance(hours=24, minutes=1)

    second = place(bazaar.quote({"PHONES-1": 1}))

    assert (201, 201) == (first.status, second.status)
    assert first.json["id"] != second.json["id"]


def test_placing_needs_a_key(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    before = dump()

    answer = place(quote, key=None)

    assert (400, "idempotency_key_required") == (answer.status, answer.code)
    assert "Idempotency-Key" == answer.json["field"]
    assert before == dump()


def test_a_quote_holds_for_half_an_hour(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    bazaar.clock.advance(minutes=29, seconds=50)
    assert 201 == place(quote).status

    late = bazaar.quote({"PHONES-1": 2})
    bazaar.clock.advance(minutes=30, seconds=1)
    before = dump()
    answer = place(late, "another")

    assert (409, "quote_expired", "quote_id") == (answer.status, answer.code, answer.json["field"])
    assert before == dump()


def test_a_quote_that_expires_while_it_is_used_is_refused_by_the_write(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    before = dump()
    with pytest.MonkeyPatch.context() as patch:
        late = bazaar.clock.now().replace(year=2100)
        use = store.use_quote
        patch.setattr(store, "use_quote", lambda held, order_id, now: use(held, order_id, late))
        answer = place(quote)

    assert (409, "quote_expired") == (answer.status, answer.code)
    assert before == dump()


def test_a_members_quote_is_nobody_elses(bazaar: Bazaar) -> None:
    mine, other = bazaar.shopper(), bazaar.shopper()
    quote = bazaar.quote({"PHONES-1": 2}, token=mine)
    before = dump()

    for stranger in (None, other, bazaar.shenzhen.token, bazaar.operator):
        answer = bazaar.try_place(quote, token=stranger)
        assert (404, "not_found") == (answer.status, answer.code)

    assert before == dump()
    assert 201 == bazaar.try_place(quote, token=mine).status


def test_who_signs_in_between_quote_and_order_has_the_order(bazaar: Bazaar) -> None:
    member = token("shopper")
    quote = bazaar.quote({"PHONES-1": 1})

    placed = bazaar.try_place(quote, token=member).json

    listed = call("GET", "/v1/orders", token=member).json["data"]
    assert [placed["id"]] == [order["id"] for order in listed]
    assert 200 == call("GET", f"/v1/orders/{placed['id']}", token=member).status


def test_an_option_of_another_quote_is_refused(bazaar: Bazaar) -> None:
    quote, other = bazaar.quote({"PHONES-1": 2}), bazaar.quote({"PHONES-1": 1})
    before = dump()

    answer = place(quote, option_id=other["options"][0]["id"])

    assert (422, "unknown_option", "option_id") == (answer.status, answer.code, answer.json["field"])
    assert before == dump()


def test_a_quote_that_never_was_is_not_found(bazaar: Bazaar) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    before = dump()

    answer = place(quote, quote_id="quo_01JD0000000000000000000000")

    assert (404, "quote_id") == (answer.status, answer.json["field"])
    assert before == dump()


@pytest.mark.parametrize(
    "payment",
    [{"method": "crypto"}, {"method": "alipay", "capture": "manual"}],
    ids=["stablecoins settle dollars only", "a wallet holds nothing"],
)
def test_a_method_that_no_provider_serves_so_is_refused(bazaar: Bazaar, payment: dict[str, str]) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    before = dump()

    answer = place(quote, payment=payment)

    assert (422, "method_not_available", "payment.method") == (
        answer.status,
        answer.code,
        answer.json["field"],
    )
    assert before == dump()


def test_out_of_stock_leaves_no_trace(bazaar: Bazaar) -> None:
    bazaar.stocked("FEW-1", 3, bazaar.shenzhen)
    quote, faster = bazaar.quote({"PHONES-1": 1, "FEW-1": 2}), bazaar.quote({"FEW-1": 2})
    place(faster, "faster")
    before = dump()

    answer = place(quote)

    assert (409, "out_of_stock") == (answer.status, answer.code)
    assert ("FEW-1", 2, 1) == tuple(answer.json[name] for name in ("sku", "wanted", "available"))
    assert before == dump()


def test_the_last_units_are_gathered_from_several_buckets(bazaar: Bazaar) -> None:
    bazaar.stocked("LAST-1", 30, bazaar.shenzhen)  # five buckets of six

    placed = bazaar.paid({"LAST-1": 29})

    assert {"on_hand": 1, "reserved": 0, "available": 1} == bazaar.stock(bazaar.shenzhen, "LAST-1")
    assert "paid" == bazaar.order(placed)["status"]
    assert "out_of_stock" == bazaar.try_quote({"LAST-1": 2}).code


def test_exactly_so_many_orders_as_there_are_units(bazaar: Bazaar) -> None:
    bazaar.stocked("HOT-1", 13, bazaar.shenzhen)
    quotes = [bazaar.quote({"HOT-1": 1}) for _ in range(16)]

    answers = [place(quote, f"buyer-{number}") for number, quote in enumerate(quotes)]

    assert 13 * [201] + 3 * [409] == sorted(answer.status for answer in answers)
    assert {"out_of_stock"} == {answer.code for answer in answers if answer.status == 409}
    assert {"on_hand": 13, "reserved": 13, "available": 0} == bazaar.stock(bazaar.shenzhen, "HOT-1")


@pytest.mark.parametrize("mode", ["unavailable", "drop_after"])
def test_a_provider_out_of_reach_leaves_an_order_to_be_completed_by_a_replay(
    bazaar: Bazaar, mode: str
) -> None:
    quote = bazaar.quote({"PHONES-1": 2})
    bazaar.fault(mode)

    first = place(quote)

    assert (201, "awaiting_payment") == (first.status, first.json["status"])
    assert ("pending", None) == (first.json["payment"]["status"], first.json["payment"]["client_secret"])
    assert 2 == bazaar.stock(bazaar.shenzhen, "PHONES-1")["reserved"]

    bazaar.heal()
    again = place(quote)

    assert (201, first.json["id"]) == (again.status, again.json["id"])
    (intent,) = bazaar.intents()
    assert ("created", intent["client_secret"]) == (
        again.json["payment"]["status"],
        again.json["payment"]["client_secret"],
    )


def test_a_provider_out_of_reach_leaves_an_order_to_be_completed_by_reading_it(bazaar: Bazaar) -> None:
    bazaar.fault()
    placed = place(bazaar.quote({"PHONES-1": 2})).json
    assert "pending" == bazaar.order(placed)["payment"]["status"]

    bazaar.heal()
    read = bazaar.order(placed)

    (intent,) = bazaar.intents()
    assert intent["client_secret"] == read["payment"]["client_secret"]
    bazaar.pay(read)
    assert ("paid", "captured") == bazaar.status(placed)


def test_only_its_buyer_is_handed_the_secret(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 2})
    secret = placed["payment"]["client_secret"]

    for reader in (bazaar.operator, bazaar.shenzhen.token):
        assert secret not in call("GET", f"/v1/orders/{placed['id']}", token=reader).text
    assert secret == bazaar.order(placed)["payment"]["client_secret"]


def test_the_last_unit_taken_by_the_same_request_is_no_refusal(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
) -> None:
    bazaar.stocked("LAST-1", 1, bazaar.shenzhen)
    quote = bazaar.quote({"LAST-1": 1})
    warehouse_id = quote["options"][0]["parcels"][0]["warehouse_id"]
    commit = writes.commit
    taken: list[str | None] = []

    def short_while_the_twin_is_faster(*given: writes.Write) -> None:
        if not taken:
            taken.append(None)
            taken.append(bazaar.try_place(quote, key="twin").json["id"])
            raise inventory.BucketShort("LAST-1", warehouse_id, bucket=0, wanted=1)
        commit(*given)

    monkeypatch.setattr(writes, "commit", short_while_the_twin_is_faster)

    answer = bazaar.try_place(quote, key="twin")

    assert (201, taken[1]) == (answer.status, answer.json["id"])
