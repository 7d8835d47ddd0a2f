"""The cost sheet is arithmetic on its rows, and every price says where it is from."""

import json
from datetime import date
from typing import Any

import pytest

from bench import sheet

PRICED = sheet.Prices(
    {
        "prices": {
            name: {"amount": amount, "per": per, "confidence": "confirmed"}
            for name, amount, per in (
                ("lambda.gb_second", 16.0, 1),
                ("lambda.request", 1.0, 10),
                ("dynamodb.read_unit", 1.0, 1),
                ("dynamodb.write_unit", 5.0, 1),
                ("apigateway.request", 7.0, 1),
                ("sqs.request", 3.0, 1),
                ("sns.publish", 11.0, 1),
                ("kms.request", 1.0, 1),
                ("kms.sign", 13.0, 1),
                ("logs.gb", 1000.0, 1),
                ("xray.trace", 2.0, 1),
            )
        },
        "assumptions": {
            name: {"amount": amount}
            for name, amount in (
                ("lambda.core_mebibytes", 2048),
                ("wait.dynamodb_ms", 5),
                ("wait.transaction_ms", 20),
                ("wait.service_ms", 7),
                ("wait.provider_ms", 300),
                ("logs.platform_bytes", 400),
                ("sqs.requests_per_message", 2),
                ("sqs.requests_per_delivery", 1),
                ("xray.sampled", 0.5),
            )
        },
    }
)


def case(**changes: Any) -> dict[str, Any]:
    return {
        "name": "a case",
        "function": "api_handler",
        "memory": 1024,
        "per_order": 1.0,
        "cpu": 10.0,
        "requests": 3.0,
        "transactions": 1.0,
        "read_units": 2.5,
        "write_units": 4.0,
        "logged": 600.0,
        "others": {},
        **changes,
    }


def test_time_is_cpu_on_a_part_of_a_processor_and_what_is_waited_for_rounded_up() -> None:
    assert 10 * 2 + 2 * 5 + 20 == sheet.billed_ms(case(), PRICED)
    assert 10 * 2 + 2 * 5 + 20 + 7 + 300 == sheet.billed_ms(
        case(others={"sqs.SendMessage": 1, "provider.POST": 1}), PRICED
    )
    assert 10 + 30 == sheet.billed_ms(case(memory=2048), PRICED)
    assert 10 + 30 == sheet.billed_ms(case(memory=4096), PRICED), (
        "more memory gives one thread no more than one"
    )
    assert 21 + 30 == sheet.billed_ms(case(cpu=10.1), PRICED)


def test_a_call_is_the_sum_of_its_services() -> None:
    paid = sheet.call(case(others={"sqs.SendMessage": 2, "kms.Sign": 1, "kms.Decrypt": 1}), PRICED)

    assert {
        "Lambda": 0.1 + 1.0 * (50 + 4 * 7) / 1000 * 16,
        "DynamoDB": 2.5 + 4 * 5,
        "API Gateway": 7,
        "SQS": 2 * 3,
        "SNS": 0,
        "KMS": 13 + 1,
        "others": 0,
        "logs": pytest.approx(1000 / 1e9 * 1000),
        "X-Ray": 1,
    } == paid


@pytest.mark.parametrize(
    ("function", "gateway", "queue"),
    [
        ("api_handler", 7, 0),
        ("orders_events", 0, 3 * 3),
        ("payments_webhooks", 0, 2 * 3),
        ("outbox_relay", 0, 0),
        ("orders_due", 0, 0),
    ],
)
def test_what_brings_a_call_is_paid_for(function, gateway, queue) -> None:
    paid = sheet.call(case(function=function), PRICED)

    assert (gateway, queue) == (paid["API Gateway"], paid["SQS"])


def test_a_sale_is_a_thousand_times_what_each_order_needs() -> None:
    cases = [
        case(name="small", per_order=0.5),
        case(name="large", per_order=2),
        case(name="read", per_order=0),
    ]
    one = sum(sheet.call(case(), PRICED).values())

    lines = sheet.sale(cases, PRICED)

    assert ["large", "small"] == [line.name for line in lines]
    assert [pytest.approx(2000 * one), pytest.approx(500 * one)] == [line.total for line in lines]
    assert pytest.approx(2500 * one) == sum(sheet.totals(lines).values())
    (read,) = sheet.others(cases, PRICED)
    assert "read" == read.name
    assert pytest.approx(1000 * one) == read.total


def test_a_service_without_a_price_is_not_taken_for_free() -> None:
    with pytest.raises(KeyError, match="athena"):
        sheet.call(case(others={"athena.StartQueryExecution": 1}), PRICED)


def test_each_price_says_its_source_its_day_and_how_sure_it_is() -> None:
    data = json.loads(sheet.PRICES.read_text(encoding="utf-8"))

    for name, row in data["prices"].items():
        assert row["amount"] > 0, name
        assert row["per"] > 0, name
        assert row["source"].startswith("https://"), name
        assert row["confidence"] in ("confirmed", "unverified"), name
        assert date.fromisoformat(row["retrieved"]) > date(2026, 1, 1), name
    for name, row in data["assumptions"].items():
        assert row["confidence"] in ("confirmed", "assumed"), name
        assert row["unit"], name
        assert row["source"], name


def test_every_price_that_the_sheet_asks_for_is_there() -> None:
    priced = sheet.prices()
    others = {f"{service}.Any": 1.0 for service in sheet._CALLS} | dict.fromkeys(sheet._OWN, 1.0)

    assert all(
        sheet.call(case(function=function, others=others), priced)["Lambda"] > 0
        for function in ("api_handler", "orders_events", "payments_webhooks", "outbox_relay")
    )
