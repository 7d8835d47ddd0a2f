"""What is published is what is committed: the OpenAPI document and the schemas of events."""

import json
import re
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from entrepot.contracts import orders
from entrepot.contracts.events import decoded, encoded
from infra import event_schemas, openapi
from infra.openapi_links import LINKS, named

PERSONAL = re.compile(
    r"name$|email|phone|address|line1|line2|city|postal|birth|identity|contact|ip$|token|password|secret"
)


def test_the_openapi_document_is_fresh() -> None:
    assert openapi.DOCUMENT.read_text(encoding="utf-8") == openapi.text(), "run: make openapi"


def test_the_openapi_document_is_valid() -> None:
    document = json.loads(openapi.text())

    validate(document)

    assert "3.1.0" == document["openapi"]


def test_no_route_answers_with_what_is_not_written_down() -> None:
    document = openapi.document()
    answers = [one["responses"] for path in document["paths"].values() for one in path.values()]

    assert answers
    assert all(str(status).isdigit() for answer in answers for status in answer)
    assert not any("500" in answer for answer in answers)
    assert all("503" in answer for answer in answers)


def test_every_link_leads_to_a_parameter_of_an_operation() -> None:
    document = openapi.document()
    operations = {one["operationId"]: one for path in document["paths"].values() for one in path.values()}

    assert set() == set(named()) - operations.keys()
    for source, targets in LINKS.items():
        for target, given in targets.items():
            known = {each["name"] for each in operations[target]["parameters"]}
            names = {name.rpartition(".")[2] for name in given if not name.startswith("{")}
            assert set() == names - known, f"{source} → {target}"


def test_a_decimal_may_be_a_text_or_a_number() -> None:
    body = json.loads(openapi.text())["components"]["schemas"]["MerchantBody"]

    assert ["string", "number"] == body["properties"]["commission_rate"]["type"]


def test_which_fields_go_together_is_told() -> None:
    schemas = json.loads(openapi.text())["components"]["schemas"]
    validator = Draft202012Validator(
        {"$ref": "#/components/schemas/SignInBody", "components": {"schemas": schemas}}
    )

    good = [
        {"email": "a@example.com", "password": "p"},
        {"phone": "+491512345", "password": "p", "email": None},
        {"phone": "+491512345", "code": "123456"},
    ]
    bad = [
        {},
        {"email": "a@example.com"},
        {"email": "a@example.com", "code": "123456"},
        {"email": "a@example.com", "phone": "+491512345", "password": "p"},
        {"phone": "+491512345", "password": "p", "code": "123456"},
    ]

    assert [True] * 3 == [validator.is_valid(body) for body in good]
    assert [False] * 5 == [validator.is_valid(body) for body in bad]


def test_every_path_that_others_rely_on_is_there() -> None:
    paths = openapi.document()["paths"]
    relied_on = """
        get /health, get /openapi.json, post /v1/members, post /v1/members/verify, post /v1/sessions,
        post /v1/sessions/refresh, delete /v1/sessions/current, post /v1/merchants, post /v1/merchants/{}/staff,
        get /v1/me, patch /v1/me, post /v1/products, patch /v1/products/{}, post /v1/products/{}/publish,
        post /v1/products/{}/unpublish, get /v1/products, get /v1/products/{}, get /v1/warehouses, post /v1/warehouses,
        post /v1/stock/{}/movements, get /v1/stock/{}, post /v1/carts, put /v1/carts/{}/lines/{},
        delete /v1/carts/{}/lines/{}, get /v1/carts/{}, post /v1/quotes, post /v1/orders, get /v1/orders/{},
        get /v1/orders, post /v1/orders/{}/pack, post /v1/orders/{}/cancel, post /v1/orders/{}/shipments,
        get /v1/shipments/{}, post /v1/refunds, post /v1/webhooks/stripe, post /v1/webhooks/btcpay,
        post /v1/webhooks/carriers/{},
        get /v1/merchants/{}/statements, get /v1/statements/{}, get /v1/ledger/trial-balance
    """
    offered = {f"{method} {re.sub(r'{[^}]*}', '{}', path)}" for path in paths for method in paths[path]}
    assert set() == {entry.strip() for entry in relied_on.split(",")} - offered


def test_the_schemas_of_events_are_fresh() -> None:
    held = {path.name: path.read_text(encoding="utf-8") for path in event_schemas.FOLDER.glob("*.json")}
    assert held == event_schemas.files(), "run: make openapi"


@pytest.mark.parametrize("kind", event_schemas.events(), ids=lambda kind: kind.NAME)
def test_an_event_carries_no_personal_data(kind: type) -> None:
    fields = re.findall(r'"(\w+)": \{', json.dumps(event_schemas.schema(kind)["properties"]))
    assert [] == [field for field in fields if PERSONAL.search(field)]


def test_an_event_reads_back_as_it_was_written_and_fits_its_schema() -> None:
    event = orders.OrderExpired(
        event_id="evt_1",
        occurred_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
        order_id="ord_1",
        lines=(orders.StockLine(sku="A", merchant_id="mrc_1", warehouse_id="whs_1", quantity=2),),
    )

    body = encoded(event)

    assert event == decoded(orders.OrderExpired, body)
    Draft202012Validator(event_schemas.schema(orders.OrderExpired)).validate(json.loads(body))


def test_a_field_that_a_reader_does_not_know_is_passed_over() -> None:
    body = (
        '{"event":"orders.order_expired","version":1,"event_id":"evt_1","occurred_at":"2026-11-22T10:00:00Z",'
    )
    body += '"order_id":"ord_1","lines":[],"added_later":1}'

    assert "ord_1" == decoded(orders.OrderExpired, body).order_id
