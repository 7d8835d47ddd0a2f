"""For each page of an alarm: how its cause is provoked, and what its commands then have to show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.runbooks import causes
from tests.runbooks.stage import Placeholders, Stage

Cause = Callable[[Stage], Placeholders]


@dataclass(frozen=True, slots=True)
class Step:
    """`cause` is provoked, then the page's blocks are run: number → patterns that what they print has to match.

    `fails`: blocks that end with an error because they have found something. `before`: blocks that are run first.
    """

    cause: Cause
    shows: Mapping[int, tuple[str, ...]]
    before: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    fails: frozenset[int] = frozenset()


TRIALS: Final[Mapping[str, tuple[Step, ...]]] = {
    "dead-letters": (
        Step(
            causes.a_message_given_up,
            {
                1: (r"^[1-9]\d* entrepot-\w+-orders-events-dlq$", r"^0 entrepot-\w+-clearing-jobs-dlq$"),
                2: (r'"event": "payments.payment_captured"', r'"order_id": "ord_unknown"'),
                3: (r'"event":"message_(failed|refused)"',),
            },
        ),
    ),
    "function-errors": (
        Step(
            causes.a_call_that_fails,
            {
                1: (r'"event":"schedule_failed"', r'"error":"\w+"'),
                2: (r'"StatusCode": 200', r"^null$|^null\{"),
            },
        ),
    ),
    "throttles": (
        Step(causes.no_capacity, {1: (r'"ConcurrentExecutions": \d+',), 2: (r'"MaximumConcurrency": 2',)}),
    ),
    "outbox-age": (
        Step(
            causes.a_relay_that_may_not_publish,
            {1: (r'"event":"record_failed"', r'"error":"\w+"', r"^Enabled\t")},
        ),
    ),
    "audit": (
        Step(
            causes.tampered_audit,
            {
                1: (r"^forged +\S+ at \d+$", r"\d+ entries in \d+ chains: \d+ faults"),
                2: (r'"action":"session.token_reused","outcome":"refused"', r'"action":"session.open"'),
            },
            before={3: (r"^\d+ rows written to anchor.jsonl$",)},
            fails=frozenset({1}),
        ),
    ),
    "payment-provider-down": (
        Step(
            causes.a_provider_that_does_not_answer,
            {
                1: (r'"provider": "stripe"', r'"opened_at": "2'),
                2: (r'"event":"payment_provider_down"',),
            },
        ),
    ),
    "payment-flagged": (
        Step(
            causes.a_flag,
            {
                1: (r'"event":"payment_flagged".*"reason":"amount"',),
                2: (r'"flags": \[\n +"amount"', r'"intent_id": "pi_'),
            },
        ),
    ),
    "payments-not-asked": (
        Step(causes.a_payment_nobody_knows, {1: (r'"event":"payment_not_asked"', r'"intent_id": "pi_')}),
    ),
    "shares-without-money": (
        Step(
            causes.a_share_without_money,
            {
                1: (r'"event":"share_without_money"',),
                2: (r'"status": "delivered"', r'"payment_status": "(?!captured)'),
            },
        ),
    ),
    "attempts-left-over": (
        Step(
            causes.an_attempt_left_over,
            {1: (r'"event":"attempt_left_over".*"reason":"refund_failed"',), 2: (r'"status": "failed"',)},
        ),
    ),
    "return-failed": (
        Step(
            causes.a_return_that_fails,
            {1: (r'"event":"return_failed"', r'"returns": \[\n', r'"status": "failed"')},
        ),
    ),
    "payout-files": (
        Step(
            causes.a_payout_file,
            {
                1: (r'"status": "ready"', r'"sha256": "\w{64}"', r'"url": "http'),
                2: (r'"StatusCode": 200',),
                3: (r'"status": ?"returned"',),
            },
        ),
        Step(causes.a_payout_that_is_not_funded, {4: (r'"event":"transfer_unfunded".*"currency":"EUR"',)}),
    ),
    "clearing-break": (
        Step(
            causes.a_break_of_ten_days,
            {1: (r'"age_days": 10', r'"cause": "not_in_ledger"'), 2: (r'"source": "stripe"',)},
        ),
    ),
    "privacy-requests": (
        Step(
            causes.an_erasure_that_waits,
            {1: (r'"status": "erasing"', r'"erased_at": null', r'"carts and quotes"')},
        ),
    ),
    "api-failures": (
        Step(
            causes.an_api_that_may_not_read,
            {1: (r"^ +\d+ 50[03] GET /v1/products$", r'"event":"request_failed"')},
        ),
    ),
}
"""The pages of the alarms. What they say and no command shows (a status page, a bank, a person) is not tried."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "roll-back": "its alarm gathers the others, and its commands are tried in tests/contract/test_delivery.py"
}
"""Pages whose trial is another's."""
