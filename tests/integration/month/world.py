"""The market of a month: merchants with goods, the bank, Stripe, and the post between them, at a time of our own."""

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from unittest.mock import patch

from entrepot.cloud import audit, auth, aws, events, http, outbox, reads
from entrepot.cloud.auth import Principal
from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.ids import new_id
from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Refusal
from functions.payments import bank_gateway, bank_store, stripe_gateway, stripe_wire
from functions.payments.domain.bank import Kind
from functions.settlement.domain.payouts import Payout
from functions.settlement.service import paying
from infra.estate import SUBSCRIPTIONS
from tests.support import direct, memory, queues
from tests.support.aws import in_process
from tests.support.bank import camt, camt_entry, in_base64
from tests.support.http import call
from tests.support.shop import Merchant, Shop

BEGINS: Final = datetime(2026, 10, 5, tzinfo=UTC)
"""After the rates that are packaged, so that every run reckons by the same."""

OPERATOR: Final = Principal("mbr_operator", "operator")
_TRIES: Final = 5

STALLS: Final = (
    ("CN", "CNY", "851830", {"amount": 20_000, "currency": "CNY"}, 300, "CN", "direct_mail"),
    ("CN", "CNY", "610910", {"amount": 5_000, "currency": "CNY"}, 200, "CN", "direct_mail"),
    ("CN", "USD", "851830", {"amount": 45_900, "currency": "CNY"}, 450, "CN", "direct_mail"),
    ("CN", "JPY", "610910", {"amount": 8_800, "currency": "CNY"}, 250, "CN", "direct_mail"),
    ("IT", "EUR", "420221", {"amount": 9_900, "currency": "EUR"}, 700, "IT", "overseas"),
    ("IT", "EUR", "420221", {"amount": 24_950, "currency": "EUR"}, 900, "IT", "overseas"),
    ("IT", "GBP", "420221", {"amount": 5_490, "currency": "EUR"}, 400, "IT", "overseas"),
)
"""Country, payout currency, HS code, price, grams, and where the goods lie: one merchant and one SKU each."""


@dataclass
class Clock:
    at: datetime = BEGINS

    def now(self) -> datetime:
        return self.at


class Market(Shop):
    """A shop whose people hold tokens for longer than the month lasts."""

    def __init__(self) -> None:
        super().__init__()
        self.stalls: dict[str, Merchant] = {}
        for number, (country, currency, hs_code, price, grams, place, mode) in enumerate(STALLS, 1):
            owner, sku = self.merchant(country, currency), f"GOODS-{number}"
            variant = {"price": price, "weight_grams": grams}
            self.product(owner, sku, hs_code=hs_code, origin_country=country, variant=variant)
            self.receive(owner, sku, 1_000_000, country=place, mode=mode)
            self.stalls[sku] = owner

    def _account(self, role: str, merchant_id: str | None) -> str:
        claims = {
            "sub": new_id("mbr", BEGINS),
            "role": role,
            "exp": int((BEGINS + timedelta(days=365)).timestamp()),
        }
        return auth.sign({**claims, **({"merchant_id": merchant_id} if merchant_id else {})}, auth.ACCESS)


@dataclass
class Bank:
    """Our accounts at a bank: what is booked today is in tomorrow's statement."""

    booked: list[tuple[Money, str, str, str]] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    _entries: int = 0

    def book(self, money: Money, text: str, *, leaves: bool = False, returned: str = "") -> None:
        """Args: returned: the bank's code for why a transfer of ours comes back."""
        self.booked.append((money, text, "DBIT" if leaves else "CRDT", returned))
        self.held[money.currency] = self.held.get(money.currency, 0) + (
            -money.amount if leaves else money.amount
        )

    def statement(self, day: datetime) -> bytes | None:
        """What was booked since the last one, of that day."""
        entries = []
        for money, text, side, returned in self.booked:
            self._entries += 1
            amount = f"{Decimal(money.amount).scaleb(-EXPONENTS[money.currency]):f}"
            on = day.date().isoformat()
            entry = camt_entry(amount, text, f"B{self._entries}", money.currency, side, on)
            why = f"<RtrInf><Rsn><Cd>{returned}</Cd></Rsn></RtrInf>" if returned else ""
            entries.append(entry.replace("</TxDtls>", f"{why}</TxDtls>"))
        self.booked.clear()
        return camt(entries) if entries else None


class Post:
    """Webhooks, events and messages on their way: now and then lost, twice, or in another order."""

    def __init__(
        self, stripe: direct.Stripe, waiting: queues.Queues, clock: Clock, chance: random.Random
    ) -> None:
        import app

        self._handlers = {
            trigger.source: trigger.handle
            for triggers in app.TRIGGERS
            for trigger in triggers.all
            if trigger.source.replace("-", "_") == trigger.name
        }
        self._subscribers: dict[str, list[str]] = {}
        for queue, names in SUBSCRIPTIONS.items():
            for name in names:
                self._subscribers.setdefault(name, []).append(queue)
        self._stripe, self._waiting, self._clock, self._chance = stripe, waiting, clock, chance
        self.unheard = {"lost": 0, "twice": 0}

    def deliver(self) -> None:
        """Everything that is on its way, and all that follows from it. Raises: what a consumer refuses for good."""
        tried: dict[str, int] = {}
        while True:
            under_way = [*self._webhooks(), *self._events(), *self._waiting.taken()]
            if not under_way:
                return
            for queue, body in under_way:
                try:
                    self._handlers[queue](body, self._clock.now())
                except Refusal:
                    tried[body] = tried.get(body, 0) + 1
                    if tried[body] == _TRIES:
                        raise
                    self._waiting.send_message(QueueUrl=aws.queue_url(queue), MessageBody=body)

    def _webhooks(self) -> Iterator[tuple[str, str]]:
        told = self._stripe.told()
        self._chance.shuffle(told)
        for event in told:
            times = 0 if self._once_in(40) else 2 if self._once_in(40) else 1
            self.unheard["lost"] += times == 0
            self.unheard["twice"] += times == 2
            for _ in range(times):
                yield "payments-webhooks", stripe_wire.queueable(json.dumps(event).encode())

    def _events(self) -> Iterator[tuple[str, str]]:
        rows = reads.query_all(
            outbox.OutboxRow, "0", lambda row: (row.pk, row.event, row.body), index="unsent"
        )
        for key, name, body in rows:
            times = 2 if self._once_in(20) else 1
            for queue in self._subscribers.get(name, ()):
                yield from [(queue, body)] * times
            outbox.mark_sent(key, self._clock.now())

    def _once_in(self, number: int) -> bool:
        return self._chance.randrange(number) == 0


@dataclass
class World:
    market: Market
    stripe: direct.Stripe
    bank: Bank
    post: Post
    clock: Clock
    chance: random.Random
    store: memory.Memory
    paid_out: set[str] = field(default_factory=set)
    given_back: set[str] = field(default_factory=set)

    def new_payouts(self) -> list[Payout]:
        """Payouts that nobody has told the bank of yet."""
        found = [
            payout
            for merchant in self.market.stalls.values()
            for payout in paying.listed(merchant.merchant_id, OPERATOR, 30, None).items
            if payout.payout_id not in self.paid_out
        ]
        self.paid_out.update(payout.payout_id for payout in found)
        return sorted(found, key=lambda payout: (payout.merchant_id, payout.created_at))

    def give_back(self) -> None:
        """A person at the bank transfers back what is to go back."""
        after: Any = None
        while True:
            page = bank_store.work(100, after)
            for item in page.items:
                if item.kind is Kind.RETURN and item.item_id not in self.given_back:
                    self.given_back.add(item.item_id)
                    self.bank.book(item.money, f"Return {item.item_id.rpartition('_')[2]}", leaves=True)
            after = page.next_key
            if after is None:
                return

    def bring_statement(self) -> None:
        raw = self.bank.statement(self.clock.now() - timedelta(days=1))
        if raw is not None:
            body = {"format": "camt.053", "content": in_base64(raw)}
            answer = call("POST", "/v1/bank-statements", body, token=self.market.operator)
            assert 202 == answer.status, answer.text


@contextmanager
def open_for(seed: int) -> Iterator[World]:
    """A market with nothing sold yet. Raises nothing; all that it stands on is gone afterwards."""
    clock, chance = Clock(), random.Random(seed)
    with ExitStack() as held:
        held.enter_context(in_process("memory"))
        waiting = held.enter_context(queues.in_process())
        stripe = held.enter_context(direct.in_process(clock.now))
        held.enter_context(patch.object(outbox, "SHARDS", 1))
        for module in (http, events, audit, bank_gateway, stripe_gateway):
            held.enter_context(patch.object(module, "utc_now", clock.now))
        market = Market()
        post = Post(stripe, waiting, clock, chance)
        post.deliver()
        yield World(market, stripe, Bank(), post, clock, chance, memory.current())
