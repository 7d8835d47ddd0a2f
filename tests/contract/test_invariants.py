"""Twelve things that never break, and the tests that would catch it. One that is renamed or removed is missed here."""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ORDERS = "integration/orders/test"

GUARDS: dict[str, tuple[str, ...]] = {
    "1 reserved + sold ≤ stock, demand summed per SKU and warehouse, at any concurrency": (
        "e2e/test_flash_sale_in_process.py::test_exactly_the_stock_is_sold_while_transactions_conflict",
        "e2e/test_flash_sale_in_process.py::test_a_sale_without_its_stock_condition_is_found_out",
        "unit/inventory/test_reservation.py::test_demands_are_summed_per_sku_and_warehouse",
        "integration/inventory/test_reservations.py::test_so_many_units_sell_exactly_so_often",
        "integration/inventory/test_reservations.py::test_on_hand_is_the_sum_of_the_movements_after_anything",
        f"{ORDERS}_placing.py::test_exactly_so_many_orders_as_there_are_units",
        f"{ORDERS}_placing.py::test_out_of_stock_leaves_no_trace",
    ),
    "2 no double charge: one payment attempt, one intent, whatever is retried": (
        "integration/payments/test_start.py::test_an_answer_lost_after_the_provider_acted_makes_no_second_intent",
        f"{ORDERS}_placing.py::test_the_same_request_that_commits_first_gives_both_one_order",
        f"{ORDERS}_placing.py::test_the_same_request_between_commit_and_provider_makes_one_intent",
        f"{ORDERS}_placing.py::test_a_provider_out_of_reach_leaves_an_order_to_be_completed_by_a_replay",
    ),
    "3 a webhook applied twice, late or out of order leaves the same state": (
        "integration/payments/test_webhooks.py::test_every_order_of_a_payments_events_ends_the_same",
        f"{ORDERS}_paying.py::test_the_same_event_twenty_times_has_its_effect_once",
        f"{ORDERS}_paying.py::test_all_events_of_a_payment_in_every_order_come_to_the_same_end",
        f"{ORDERS}_paying.py::test_what_payments_publish_in_every_order_and_twice_comes_to_the_same_end",
        f"{ORDERS}_refunds.py::test_the_events_of_a_refund_in_every_order_come_to_the_same_end",
        f"{ORDERS}_shares.py::test_what_a_parcel_went_through_in_every_order_comes_to_the_same_end",
        "e2e/test_kills.py::test_without_the_inbox_messages_handed_out_twice_are_found_out",
    ),
    "4 one order per quote": (
        f"{ORDERS}_placing.py::test_two_keys_on_one_quote_make_one_order",
        f"{ORDERS}_placing.py::test_a_used_quote_is_refused_under_another_key",
        f"{ORDERS}_placing.py::test_the_same_request_again_is_the_same_order",
    ),
    "5 money is exact, and rounded to its currency's exponent in one place": (
        "unit/kernel/test_money.py::test_an_amount_is_a_whole_number",
        "unit/kernel/test_money.py::test_a_half_is_rounded_away_from_zero",
        "unit/kernel/test_money.py::test_a_rate_is_applied_and_rounded_once",
        "unit/kernel/test_money.py::test_conversion_heeds_both_exponents",
        "integration/edge/test_wrong_bodies.py::test_money_is_whole_minor_units",
    ),
    "6 order total = its snapshot lines + freight + duty + tax + fees − discounts": (
        "unit/orders/test_changes.py::test_order_total_is_the_sum_of_its_lines",
        f"{ORDERS}_the_path.py::test_a_quote_says_all_in_and_its_parts_sum_to_the_total",
        f"{ORDERS}_placing.py::test_an_order_awaits_its_payment_and_holds_its_stock",
    ),
    "7 a split (discount over lines, order over merchants) sums to the whole": (
        "unit/kernel/test_money.py::test_a_split_loses_no_minor_unit",
        "unit/orders/test_changes.py::test_the_parts_of_what_was_cancelled_sum_to_its_worth",
        "unit/orders/test_changes.py::test_units_cancelled_one_after_another_are_worth_the_whole",
        f"{ORDERS}_shares.py::test_a_merchant_sees_its_own_lines_only",
        f"{ORDERS}_refunds.py::test_the_operators_free_amount_is_borne_by_both_merchants",
    ),
    "8 captured ≤ authorised": (
        "integration/payments/test_capture_and_cancel.py::test_a_capture_never_exceeds_the_authorisation",
        f"{ORDERS}_paying.py::test_manual_capture_takes_the_money_at_the_first_shipment",
        f"{ORDERS}_paying.py::test_what_is_cancelled_before_the_capture_is_not_captured",
    ),
    "9 refunded ≤ captured": (
        "unit/orders/test_changes.py::test_refunds_never_exceed_what_was_captured",
        "integration/payments/test_refunds.py::test_a_refund_above_what_was_captured_is_refused",
        f"{ORDERS}_refunds.py::test_all_money_may_go_back_and_not_a_cent_more",
        f"{ORDERS}_refunds.py::test_two_refunds_at_the_same_time_stay_within_what_was_captured",
        f"{ORDERS}_refunds.py::test_a_refund_and_a_cancellation_at_the_same_time_stay_within_what_was_captured",
    ),
    "10 only declared transitions; paid means covered": (
        "unit/orders/test_lifecycle.py::test_only_declared_transitions_happen",
        "unit/orders/test_changes.py::test_paid_means_covered",
        f"{ORDERS}_paying.py::test_what_is_not_ours_is_flagged_and_moves_nothing",
        f"{ORDERS}_ending.py::test_what_is_shipped_is_not_cancelled",
        f"{ORDERS}_shares.py::test_what_is_unpaid_or_gone_is_not_shipped",
    ),
    "11 every stock, coupon and point movement is reversed at most once": (
        "integration/inventory/test_reservations.py::test_restocked_units_can_be_bought_again_and_come_back_once",
        "integration/customs/test_quota.py::test_an_order_releases_what_it_reserved_once",
        f"{ORDERS}_ending.py::test_a_paid_order_is_cancelled_and_its_money_goes_back_once",
        f"{ORDERS}_ending.py::test_two_cancellations_at_the_same_time_take_each_unit_once",
        f"{ORDERS}_ending.py::test_the_quota_of_a_chinese_year_goes_back_with_the_order",
    ),
    "12 in the ledger debits equal credits per currency; a payout equals the entries it names": (
        "unit/settlement/test_ledger.py::test_an_entry_exists_exactly_where_each_currency_balances",
        "unit/settlement/test_statements.py::test_a_statements_net_is_what_the_entries_it_names_owe_the_merchant",
        "integration/settlement/test_routes.py::test_each_line_names_entries_that_the_statement_shows_in_balance",
        "e2e/test_kills.py::test_a_ledger_posting_made_twice_is_found_out",
    ),
}


@cache
def functions(path: str) -> dict[str, ast.FunctionDef]:
    """The tests of a file by name; none where there is no such file."""
    file = TESTS / path
    if not file.exists():
        return {}
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def skipped(test: ast.FunctionDef) -> bool:
    """Whether it would not run: a skip or an expected failure guards nothing."""
    return any("skip" in ast.unparse(mark) or "xfail" in ast.unparse(mark) for mark in test.decorator_list)


def asserts(test: ast.FunctionDef) -> bool:
    """Whether it can fail by what it says itself: an assertion, an expected refusal, or a check with such a name."""
    return any(
        isinstance(node, ast.Assert)
        or (
            isinstance(node, ast.Call)
            and ("assert" in ast.unparse(node.func) or "raises" in ast.unparse(node.func))
        )
        for node in ast.walk(test)
    )


def test_there_are_twelve() -> None:
    assert [str(number) for number in range(1, 13)] == [name.partition(" ")[0] for name in GUARDS]


@pytest.mark.parametrize("invariant", GUARDS)
def test_each_invariant_has_its_guards(invariant: str) -> None:
    wrong = []
    for guard in GUARDS[invariant]:
        path, _, name = guard.partition("::")
        test = functions(path).get(name)
        if test is None:
            wrong.append(f"{guard} is not there")
        elif skipped(test) or not asserts(test):
            wrong.append(f"{guard} guards nothing")

    assert [] == wrong
    assert len(GUARDS[invariant]) >= 3
