"""What a sale leaves in the tables: whoever may read them reads no name, address, e-mail or phone."""

import json
import zlib

from entrepot.cloud import aws, dynamo
from functions.orders import store
from infra.estate import TABLES
from tests.integration.orders.bazaar import IMPORTER, SHANGHAI, Bazaar
from tests.support import memory
from tests.support.http import call
from tests.support.shop import BERLIN, CONTACT

PHONE = "+49 30 1234567"
PERSON = {**CONTACT, "phone": PHONE}
HOME = {**BERLIN, "line2": "Hinterhaus links", "phone": PHONE}


def stored() -> dict[str, str]:
    """All that each table holds, as text."""
    items = {table.name: dynamo.call("Scan", TableName=aws.name(table.name))["Items"] for table in TABLES}
    return {name: memory.readable(found) for name, found in items.items()}


def found(secrets: list[str]) -> list[tuple[str, str]]:
    return [(name, secret) for name, text in stored().items() for secret in secrets if secret in text]


def bought(bazaar: Bazaar) -> dict[str, str]:
    """An order of a person whose every field is filled, placed, paid and shipped."""
    quote = bazaar.quote({"PHONES-1": 1}, ship_to=HOME)
    body = {
        "quote_id": quote["id"],
        "option_id": quote["options"][0]["id"],
        "contact": PERSON,
        "payment": {"method": "card"},
    }
    answer = call("POST", "/v1/orders", body, headers=bazaar.key())
    assert 201 == answer.status, answer.text
    placed: dict[str, str] = answer.json
    bazaar.pay(placed)
    return placed


def test_after_a_sale_no_table_holds_a_person_in_clear(bazaar: Bazaar) -> None:
    placed = bought(bazaar)
    bazaar.quote({"PHONES-1": 1}, ship_to=SHANGHAI, currency="CNY", importer_identity=IMPORTER)

    people = [*PERSON.values(), *(HOME[name] for name in ("line1", "line2", "postal_code"))]
    people += [str(IMPORTER["number"]), str(IMPORTER["name"]), str(SHANGHAI["line1"])]

    assert [] == found([person for person in people if person])
    assert [("orders", placed["id"])] == [hit for hit in found([placed["id"]]) if hit[0] == "orders"]


def test_after_a_sale_no_table_holds_a_members_address_in_clear(bazaar: Bazaar) -> None:
    assert [] == found(["@example.com", "@example.org"])


def test_who_bought_sees_it_all_the_same(bazaar: Bazaar) -> None:
    placed = bought(bazaar)

    seen = bazaar.order(placed)

    assert PERSON == seen["contact"]
    assert HOME == {name: seen["ship_to"][name] for name in HOME}


def test_an_address_put_into_another_order_does_not_open(bazaar: Bazaar) -> None:
    first, second = bought(bazaar), bought(bazaar)
    table = aws.name("orders")
    keys = [{"pk": {"S": f"order#{placed['id']}"}, "sk": {"S": "order"}} for placed in (first, second)]
    documents = [
        json.loads(zlib.decompress(dynamo.call("GetItem", TableName=table, Key=key)["Item"]["document"]["B"]))
        for key in keys
    ]
    documents[1]["ship_to"] = documents[0]["ship_to"]
    dynamo.call(
        "UpdateItem",
        TableName=table,
        Key=keys[1],
        UpdateExpression="SET document = :document",
        ExpressionAttributeValues={":document": {"B": zlib.compress(json.dumps(documents[1]).encode())}},
    )

    answer = call("GET", f"/v1/orders/{second['id']}", headers={"Order-Token": second["order_token"]})

    assert (500, "internal_error") == (answer.status, answer.code)
    assert store.order_read(second["id"]).pk == keys[1]["pk"]["S"]
