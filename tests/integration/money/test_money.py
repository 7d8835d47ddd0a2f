"""Money in every order of events and with everything going wrong: nothing that must never break breaks.

A walk is some hundred steps of one seed over the real services, and then a calm in which all that was on its way
arrives. What must hold is looked at after each step. A walk that fails prints its seed and its story:

    ENTREPOT_MONEY_SEED=17 .venv/bin/pytest tests/integration/money            that walk alone
    ENTREPOT_MONEY_WALKS=500 .venv/bin/pytest tests/integration/money          more of them
"""

import os
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from entrepot.cloud import events, inbox, writes
from entrepot.kernel.ids import new_id
from functions.payments import store as payments
from functions.settlement.store import ledger
from tests.integration.money import calm, market
from tests.integration.money.auditor import Auditor
from tests.integration.money.market import Market
from tests.integration.money.stage import Line, Stage, set_up

STEPS: Final = int(os.environ.get("ENTREPOT_MONEY_STEPS", "600"))
WALKS: Final = int(os.environ.get("ENTREPOT_MONEY_WALKS", "10"))
SEED: Final = os.environ.get("ENTREPOT_MONEY_SEED")
SEEDS: Final = [int(SEED)] if SEED else list(range(1, WALKS + 1))
MOST_WALKS: Final = 8
"""Of a platform that is broken on purpose: long before that it is found out."""

_STORY: Final = 40


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with set_up() as stage:
        yield stage


def walked(stage: Stage, seed: int, steps: int = STEPS) -> tuple[list[str], Market]:
    """What was wrong first, and the market to which it happened."""
    stage.begin(seed)
    market, auditor, wrong = Market(stage, seed), Auditor(stage), list[str]()
    market.look = lambda: wrong.extend(auditor.findings())
    for _ in range(steps):
        market.step()
        market.look()
        if wrong:
            return wrong, market
    stuck = calm.let_calm(market)
    return [*auditor.findings(), *stuck, *calm.findings(market, auditor)], market


def story(seed: int, market: Market, wrong: list[str]) -> str:
    told = "\n".join(market.told[-_STORY:])
    return f"seed {seed}, after step {len(market.told)}\n{told}\n\n" + "\n".join(wrong)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_money_is_exact_once_and_looked_after(stage: Stage, seed: int) -> None:
    wrong, market = walked(stage, seed)

    assert not wrong, story(seed, market, wrong)


def test_a_walk_of_the_same_seed_is_the_same_walk(stage: Stage) -> None:
    stories = [walked(stage, SEEDS[0])[1].told for _ in range(2)]

    assert stories[0] == stories[1]


def test_walks_come_by_everything_that_may_happen(stage: Stage) -> None:
    """So that they say something: each act is done, each kind of entry is posted, each fault strikes."""
    told: list[str] = []
    rules: set[str] = set()
    for seed in range(1, 5):
        stage.begin(seed)
        market, auditor = Market(stage, seed), Auditor(stage)
        for _ in range(STEPS):
            market.step()
            auditor.findings()
        told += market.told
        rules |= {entry["rule"] for entry in auditor.entries.values()}

    story = "\n".join(told)
    assert set() == {act.__name__ for act, _ in market.acts} - {line.split(" ")[0] for line in told}
    assert set() == RULES - rules
    assert [] == [words for words in FAULTS if words not in story]


FAULTS: Final = ("killed after", "unanswered", "[meanwhile", "lost after", "twice", "to be sent again")
RULES: Final = {
    "payment_captured",
    "receipt_unmatched",
    "receipt_matched",
    "refund_succeeded",
    "refund_returned",
    "provider_fee",
    "dispute_opened",
    "dispute_won",
    "dispute_lost",
    "share_completed",
    "part_settled",
    "payout_made",
}


def without_a_condition(patch: pytest.MonkeyPatch) -> None:
    """A payment is written over whatever somebody else has made of it meanwhile."""
    saved = payments.saved

    def careless(*given: Any, **more: Any) -> writes.Write:
        return writes.put(saved(*given, **more).row)

    patch.setattr(payments, "saved", careless)


def without_the_inbox(patch: pytest.MonkeyPatch) -> None:
    """Every message is new."""

    def always_new(consumer: str, event_id: str, now: Any) -> writes.Write:
        return inbox.once(consumer, new_id("evt", now), now)

    patch.setattr(events, "once", always_new)


def with_a_posting_doubled(patch: pytest.MonkeyPatch) -> None:
    added = ledger._added

    def doubled(balance: Any, shard: int) -> writes.Write:
        twice = balance.debits * 2 if balance.account == "psp:stripe" else balance.debits
        return added(type(balance)(balance.account, balance.currency, twice, balance.credits), shard)

    patch.setattr(ledger, "_added", doubled)


def without_idempotency_keys(patch: pytest.MonkeyPatch) -> None:
    """A call to Stripe that is repeated is another call."""
    request = Line.request

    def forgetful(self: Line, method: str, url: str, headers: Any, *given: Any, **more: Any) -> Any:
        kept = {name: value for name, value in headers.items() if name.lower() != "idempotency-key"}
        return request(self, method, url, kept, *given, **more)

    patch.setattr(Line, "request", forgetful)


def without_the_sweep(patch: pytest.MonkeyPatch) -> None:
    """What Stripe did not tell is never asked for."""
    names = [name for name in market.schedules() if name != "payments_sweep"]
    patch.setattr(market, "schedules", lambda: names)
    patch.setattr(calm, "schedules", lambda: names)


@pytest.mark.parametrize(
    "broken",
    [
        without_a_condition,
        without_the_inbox,
        with_a_posting_doubled,
        without_idempotency_keys,
        without_the_sweep,
    ],
)
def test_a_platform_that_is_broken_on_purpose_is_found_out(
    stage: Stage, broken: Callable[[pytest.MonkeyPatch], None]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        broken(patch)
        assert any(walked(stage, seed)[0] for seed in range(1, MOST_WALKS + 1))
