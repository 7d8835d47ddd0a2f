"""One commit for several rows, and what is raised when it does not stand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entrepot.cloud import aws as platform
from entrepot.cloud import dynamo, idempotency, inbox, reads, writes
from entrepot.cloud.rows import Document, Number, Packed, Row, Text
from entrepot.kernel.refusals import Kind, Refusal
from tests.support import memory

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True, params=["moto", "memory"])
def database(request: pytest.FixtureRequest) -> Iterator[None]:
    """The same cases on both stores that tests run on."""
    if request.param == "moto":
        request.getfixturevalue("aws_of_moto")
        yield
    else:
        with memory.in_process():
            yield


class Taken(Refusal):
    code = "taken"
    kind = Kind.CONFLICT


class Short(Refusal):
    code = "short"
    kind = Kind.CONFLICT


class ThingRow(Row):
    class Meta:
        table_name = platform.name("catalogue")

    units = Number(default_for_new=0)
    label = Text(null=True)


class BoxRow(Row):
    """A box as it is kept now."""

    class Meta:
        table_name = platform.name("catalogue")

    label: Packed[list[str]] = Packed(list[str])


class PlainBoxRow(Row):
    """A box as it was kept before."""

    class Meta:
        table_name = platform.name("catalogue")

    label: Document[list[str]] = Document(list[str])


def thing(pk: str) -> reads.Read[int]:
    return reads.Read(ThingRow, pk, "thing", lambda row: int(row.units))


def take(pk: str, units: int) -> writes.Write:
    return writes.update(
        ThingRow(pk, "thing"), [ThingRow.units.add(-units)], ThingRow.units >= units, Short(wanted=units)
    )


def test_a_commit_writes_all_and_a_fetch_reads_them_in_order() -> None:
    writes.commit(
        writes.create(ThingRow("a", "thing", units=3), Taken()),
        writes.create(ThingRow("b", "thing", units=4), Taken()),
    )

    assert [4, None, 3] == reads.fetch(thing("b"), thing("none"), thing("a"))


def test_the_refusal_is_that_of_the_write_whose_condition_failed_and_nothing_is_written() -> None:
    writes.commit(writes.create(ThingRow("a", "thing", units=3), Taken()))

    with pytest.raises(Short) as refused:
        writes.commit(writes.create(ThingRow("c", "thing"), Taken()), take("a", 5))

    assert {"wanted": 5} == refused.value.facts
    assert [3, None] == reads.fetch(thing("a"), thing("c"))


def test_a_refusal_may_look_at_the_row_as_it_stood() -> None:
    writes.commit(writes.create(ThingRow("a", "thing", units=3), Taken()))

    def explain(old: ThingRow | None) -> Refusal:
        return Short(left=int(old.units) if old else None)

    with pytest.raises(Short) as refused:
        writes.commit(
            writes.update(ThingRow("a", "thing"), [ThingRow.units.add(-9)], ThingRow.units >= 9, explain)
        )

    assert {"left": 3} == refused.value.facts


def test_two_writes_on_one_item_are_a_bug() -> None:
    with pytest.raises(AssertionError, match="two writes touch one item"):
        writes.commit(take("a", 1), take("a", 1))


def test_an_event_is_handled_once() -> None:
    writes.commit(inbox.once("orders-events", "evt_1", NOW), writes.create(ThingRow("a", "thing"), Taken()))

    with pytest.raises(inbox.AlreadyHandled):
        writes.commit(
            inbox.once("orders-events", "evt_1", NOW), writes.create(ThingRow("b", "thing"), Taken())
        )

    assert [None] == reads.fetch(thing("b"))


def test_a_key_names_what_it_created_and_refuses_another_input() -> None:
    first = idempotency.Once("POST /v1/orders#quo_1", "key", "hash-1", NOW)
    assert first.found() is None

    writes.commit(first.claim("ord_1"))

    assert "ord_1" == first.found()
    with pytest.raises(idempotency.KeyReused):
        idempotency.Once("POST /v1/orders#quo_1", "key", "hash-2", NOW).found()
    with pytest.raises(idempotency.AlreadyDone):
        writes.commit(first.claim("ord_2"))


@pytest.mark.parametrize("same", [True, False])
def test_a_row_that_was_put_though_the_answer_was_lost_is_no_refusal(
    monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    row = ThingRow("a", "thing", units=3)
    writes.commit(writes.create(row, Taken()))
    send = dynamo.call

    def sent_twice(operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            return send(operation, **arguments)
        except ClientError as error:
            error.response["ResponseMetadata"]["RetryAttempts"] = 1
            raise

    monkeypatch.setattr(dynamo, "call", sent_twice)
    if same:
        writes.commit(writes.create(row, Taken()))
    else:
        with pytest.raises(Taken):
            writes.commit(writes.create(ThingRow("a", "thing", units=4), Taken()))

    assert [3] == reads.fetch(thing("a"))


def test_a_change_in_place_goes_as_a_transaction_whose_token_tells_a_repetition() -> None:
    sent: list[str] = []
    writes.commit(writes.create(ThingRow("a", "thing", units=3), Taken()))
    dynamo.observers.append(lambda operation, *_: sent.append(operation))
    try:
        writes.commit(take("a", 1))
        writes.commit(replace(take("a", 1), repeatable=True))
    finally:
        dynamo.observers.pop()

    assert ["TransactWriteItems", "UpdateItem"] == sent
    assert [1] == reads.fetch(thing("a"))


def test_a_packed_document_is_small_and_comes_back_whole() -> None:
    labels = ["fragile, this side up"] * 1_000
    writes.commit(writes.create(BoxRow("box#1", "box", label=labels), Taken()))

    key = {"pk": {"S": "box#1"}, "sk": {"S": "box"}}
    raw = dynamo.call("GetItem", TableName=platform.name("catalogue"), Key=key)["Item"]
    found = reads.fetch_one(reads.Read(BoxRow, "box#1", "box", lambda row: row.label))

    assert labels == found
    assert len(raw["label"]["B"]) < 1_000 < len(str(labels))


def test_a_document_that_was_kept_plain_is_read_as_a_packed_one() -> None:
    writes.commit(writes.create(PlainBoxRow("box#2", "box", label=["fragile"]), Taken()))

    assert ["fragile"] == reads.fetch_one(reads.Read(BoxRow, "box#2", "box", lambda row: row.label))


@pytest.mark.parametrize(
    ("code", "tokens"), [("TransactionInProgressException", 1), ("ThrottlingException", 2)]
)
def test_a_transaction_that_may_be_going_on_is_asked_for_again_as_the_same(
    monkeypatch: pytest.MonkeyPatch, code: str, tokens: int
) -> None:
    """Its first answer was lost: another token would make it meet its own rows."""
    call, sent = dynamo.call, list[str]()

    def refused_once(operation: str, **arguments: Any) -> Any:
        sent.append(arguments["ClientRequestToken"])
        if len(sent) == 1:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, operation)
        return call(operation, **arguments)

    monkeypatch.setattr(dynamo, "call", refused_once)

    writes.commit(
        writes.create(ThingRow("a", "thing"), Taken()), writes.create(ThingRow("b", "thing"), Taken())
    )

    assert (2, tokens) == (len(sent), len(set(sent)))
