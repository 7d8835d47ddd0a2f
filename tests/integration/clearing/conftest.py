"""Payments at the stand-in for Stripe and entries of the bank, beside a ledger that hears when a test says so."""

import json
from datetime import date, datetime, timedelta

import pytest

from entrepot.cloud import aws
from entrepot.cloud.auth import Principal
from functions.clearing import store
from functions.clearing.domain.items import Item, Outcome
from functions.clearing.domain.reports import Report
from functions.clearing.service import jobs, reading
from functions.payments import stripe_gateway
from functions.settlement import facade as settlement
from tests.integration.payments.conftest import Provider, heard, now, paid, provider
from tests.support import pump

__all__ = ["provider"]
FINANCE = Principal("mbr_01JD0000000000000000000FIN", "finance")


class Desk:
    """Finance's desk: what is paid, what the ledger hears, and the daily run so many days later."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.today: date = now().date()
        self._booked: set[str] = set()

    def pay(self, amount: int = 10_000) -> str:
        return paid(self.provider, amount)

    def hear(self) -> None:
        heard(*self.provider.events())

    def book(self, *but: str) -> None:
        """The ledger hears of what payments have told, but for events of some names."""
        for event in pump.events():
            name = event["event"].removeprefix("payments.")
            wanted = "settlement-events" in pump.subscribers(event["event"]) and name not in but
            if wanted and event["event_id"] not in self._booked:
                self._booked.add(event["event_id"])
                assert [] == pump.deliver("settlement-events", json.dumps(event)), event

    def run(self, days: int = 1, times: int = 1) -> None:
        """The schedule, so many days from today, and all of its turns. Args: times: that each message comes."""
        at = now() + timedelta(days=days)
        jobs.scheduled(at)
        self.turns(at, times)

    def turns(self, at: datetime, times: int = 1) -> None:
        while bodies := self._waiting():
            for body in bodies:
                for _ in range(times):
                    jobs.take(body, at)

    def report(self, source: str = "stripe", day: int = 0) -> Report:
        return reading.report(source, self.today + timedelta(days=day))

    def items(self, source: str = "stripe", day: int = 0) -> list[Item]:
        on = self.today + timedelta(days=day)
        return [item for shard in range(store.SHARDS) for item in store.items_of(source, on, shard)]

    def breaks(self) -> list[Item]:
        return [
            item
            for shard in range(store.SHARDS)
            for item in store.open_page(shard, 100, None).items
            if item.outcome is Outcome.BREAK
        ]

    def ledger(self) -> dict[tuple[str, str], int]:
        trial = settlement.trial_balance(now())
        assert trial.balanced
        found = {(each.account, each.currency): each.debits - each.credits for each in trial.accounts}
        return {key: amount for key, amount in found.items() if amount}

    def _waiting(self) -> list[str]:
        client, url, found = aws.client("sqs"), aws.queue_url(jobs.QUEUE), []
        while batch := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(message["Body"])
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def desk(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(stripe_gateway, "_RETRIES", 0)
    return Desk(provider)
