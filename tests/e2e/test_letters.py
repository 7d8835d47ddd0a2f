"""A message that its function cannot take: given up, shown, mended, redriven, and taken once."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from infra.package import REGION
from tests.support.e2e_market import Market, intent_of, until

QUEUE = "orders-events"


@pytest.fixture
def impatient(market: Market) -> Any:
    """The queue tries again after a second instead of three minutes."""
    sqs = market.up.client("sqs")
    url = sqs.get_queue_url(QueueName=f"entrepot-{market.up.stage}-{QUEUE}")["QueueUrl"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@pytest.mark.usefixtures("impatient")
def test_a_message_that_was_given_up_is_mended_redriven_and_takes_effect_once(market: Market) -> None:
    sku = market.stocked(units=3)
    market.wait_quiet()
    placed = market.placed(sku)
    table = f"entrepot-{market.up.stage}-orders"
    key = {"pk": {"S": f"order#{placed['id']}"}, "sk": {"S": "order"}}
    order = market.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    market.dynamodb.delete_item(TableName=table, Key=key)

    market.control(f"payment_intents/{intent_of(placed)}/pay")
    until("the messages are given up", lambda: market.dead_letters() >= 2)
    market.dynamodb.put_item(TableName=table, Item=order)
    listed, shown = _command(market, "list"), _command(market, "show", QUEUE)
    number = shown.stdout.count("first failure: message_")

    assert (1, 0) == (listed.returncode, shown.returncode)
    assert QUEUE in listed.stdout
    assert "payments.payment_captured" in shown.stdout
    assert placed["id"] in shown.stdout
    assert number >= 2
    assert "awaiting_payment" == market.order(placed)["status"]

    moved = _command(market, "redrive", QUEUE, "--all", "--confirm", str(number))

    assert 0 == moved.returncode, moved.stderr
    until("the order is paid", lambda: market.order(placed)["status"] == "paid")
    market.wait_quiet()
    assert 0 == market.dead_letters()
    told = [entry["event"] for entry in market.order(placed)["timeline"]]
    assert 1 == told.count("payment_captured")
    assert 1 == len(market.entries_of(intent_of(placed)))
    assert {"on_hand": 2, "reserved": 0, "available": 2} == market.stock(sku)
    assert _audited(market, "letters.redrive")


def _command(market: Market, *arguments: str) -> "subprocess.CompletedProcess[str]":
    settings = {
        **os.environ,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    where = ("--stage", market.up.stage, "--endpoint", market.up.aws_endpoint)
    return subprocess.run(
        [sys.executable, "-m", "infra.letters", *arguments, *where],
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )


def _audited(market: Market, action: str) -> bool:
    table = f"entrepot-{market.up.stage}-audit"
    rows = market.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
    return any(json.loads(row["body"]["S"])["action"] == action for row in rows if "body" in row)
