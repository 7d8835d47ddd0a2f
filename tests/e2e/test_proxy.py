"""The proxy says of overlapping transactions what DynamoDB says, so that what passes it may be believed."""

import json

import pytest

from entrepot.cloud import dynamo, inbox, writes
from entrepot.kernel.clock import utc_now
from entrepot.kernel.refusals import Busy
from tests.support import e2e_cloud, proxy
from tests.support.proxy import Conflicts

A, B, C = ("table", "a"), ("table", "b"), ("table", "c")


def test_of_two_transactions_the_later_is_cancelled_with_its_reasons_in_order() -> None:
    conflicts = Conflicts()
    assert conflicts.begin([A, B], "first") is None

    refused = conflicts.begin([C, B], "second")

    assert refused is not None
    answer = json.loads(refused.body)
    assert (400, True) == (refused.status, answer["__type"].endswith("#TransactionCanceledException"))
    assert ["None", "TransactionConflict"] == [reason["Code"] for reason in answer["CancellationReasons"]]
    assert {"transactions": 1, "cancelled": 1} == conflicts.counted


def test_a_single_write_is_refused_while_a_transaction_holds_its_item_and_passes_after_it() -> None:
    conflicts = Conflicts()
    conflicts.begin([A, B], "first")

    refused = conflicts.single(A)
    conflicts.end([A, B])

    assert refused is not None
    assert json.loads(refused.body)["__type"].endswith("#TransactionConflictException")
    assert conflicts.single(A) is None


def test_a_transaction_sent_again_is_in_progress_then_done_whoever_holds_its_items() -> None:
    conflicts = Conflicts()
    conflicts.begin([A], "first")
    in_progress = conflicts.begin([A], "first")
    conflicts.wrote("first", lose_every=0)
    conflicts.end([A])
    conflicts.begin([A], "second")

    again = conflicts.begin([A], "first")

    assert in_progress is not None
    assert json.loads(in_progress.body)["__type"].endswith("#TransactionInProgressException")
    assert again is None


def test_the_commit_meets_the_conflict_as_busy_and_writes_nothing(
    ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy.conflicting(ministack) as between, e2e_cloud.account(ministack, between.url):
        first, second = (inbox.once("consumer", event, utc_now()) for event in ("evt_1", "evt_2"))
        held = [("entrepot-test-inbox", *(json.dumps({"S": key}) for key in ("consumer#evt_2", "handled")))]
        between.conflicts.begin(held, "another")

        with pytest.raises(Busy):
            writes.commit(first, second)

        answer = dynamo.call("Scan", TableName="entrepot-test-inbox")
        assert ([], 6) == (answer["Items"], between.conflicts.counted["cancelled"])
