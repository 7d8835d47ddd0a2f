"""Many buyers for few units, with the platform in this process and its tables on the stand-in for AWS."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from entrepot.cloud import aws, writes
from functions.inventory import store as inventory_store
from functions.inventory.service import planning
from tests.support import e2e_cloud, e2e_flash, e2e_rows, provider, proxy
from tests.support.e2e_flash import Sale
from tests.support.shop import Shop

AT_ONCE = 32
"""Copies of the API function: the others of the buyers' requests wait, as in front of a function's limit."""
SKU = "FLASH-1"
LONGEST_SECONDS = {False: 0.25, True: 3.0}
"""How long a transaction waits at most for others to meet it, by whether they are to meet it again and again."""


@pytest.mark.parametrize(
    ("buyers", "units", "refusals", "busy"),
    [
        pytest.param(300, 100, 1, False, id="sixteen buckets"),
        pytest.param(40, 11, 60, True, id="one bucket, and some are told to come again"),
    ],
)
def test_exactly_the_stock_is_sold_while_transactions_conflict(
    ministack: str,
    monkeypatch: pytest.MonkeyPatch,
    figures: list[str],
    buyers: int,
    units: int,
    refusals: int,
    busy: bool,
) -> None:
    if busy:
        monkeypatch.setattr(planning, "_ROUNDS", 2)  # or else nearly everybody gets through, only later
    with (
        proxy.conflicting(ministack, LONGEST_SECONDS[busy], refusals=refusals) as conflicting,
        _market(ministack, conflicting.url) as shop,
    ):
        sale, wrong = _flash(shop, buyers, units)

    counted = conflicting.conflicts.counted
    figures.append(
        f"{buyers} buyers for {units} in process: {sale.seconds:.1f} s, {counted['cancelled']} transactions cancelled "
        f"for a conflict, {counted['transactions']} went through, {sale.asked_again} times busy"
    )
    assert [] == wrong
    assert counted["cancelled"] > buyers / 6, "the sale met too few conflicts to have shown anything"
    assert sale.asked_again > 0 or not busy


def test_a_transaction_whose_answer_is_lost_is_not_written_twice(ministack: str) -> None:
    with proxy.conflicting(ministack, lose_every=3) as losing, _market(ministack, losing.url) as shop:
        sale, wrong = _flash(shop, buyers=30, units=10)

    assert [] == wrong
    assert losing.conflicts.counted["lost"] >= 3, losing.conflicts.counted
    assert 10 == len({order["payment"]["id"] for order in sale.orders})


def test_a_sale_without_its_stock_condition_is_found_out(
    ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _market(ministack) as shop:
        monkeypatch.setattr(inventory_store, "hold", _hold_blindly)
        sale, wrong = _flash(shop, buyers=30, units=10)

    assert len(sale.orders) > 10
    assert any(finding.startswith("answers") for finding in wrong)
    assert any(finding.startswith("stock") for finding in wrong)


def test_nobody_gets_more_than_the_limit_by_ordering_again_and_again_at_once(ministack: str) -> None:
    with proxy.conflicting(ministack) as conflicting, _market(ministack, conflicting.url) as shop:
        sale, wrong = _flash(shop, buyers=24, units=30, limit=2, tries=4)

    assert [] == wrong
    assert 6 * [2] == list(sale.bought.values())
    assert 12 == sale.outcomes[422, "purchase_limit_reached"]


def test_a_sale_without_its_limit_for_each_buyer_is_found_out(
    ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _market(ministack) as shop:
        monkeypatch.setattr(inventory_store, "take_allowed", _take_blindly)
        _, wrong = _flash(shop, buyers=16, units=30, limit=1, tries=4)

    assert "4 orders of one buyer" in wrong
    assert any(finding.endswith("4 for one of them") for finding in wrong)


def _flash(
    shop: Shop, buyers: int, units: int, limit: int | None = None, tries: int = 1
) -> tuple[Sale, list[str]]:
    """Args: buyers: orders that are placed at once, each `tries` of them by the same person."""
    merchant = shop.stocked(SKU, units, purchase_limit=limit)
    emails = [f"buyer-{number // tries}@example.com" for number in range(buyers)]
    with closing(e2e_cloud.Copies(AT_ONCE)) as copies:
        offers = e2e_flash.quotes(copies.call, SKU, buyers, AT_ONCE)
        sale = e2e_flash.sell(copies.call, offers, emails)
    dynamodb = aws.client("dynamodb")
    written, taken = e2e_rows.written(dynamodb, "test", SKU), e2e_rows.taken(dynamodb, "test", SKU)
    return sale, e2e_flash.findings(sale, units, shop.stock(merchant, SKU), written, limit, taken)


def _take_blindly(sku: str, buyer: str, units: int, limit: int) -> Any:
    """`store.take_allowed` as it would be without its condition."""
    row = inventory_store.AllowanceRow(f"allowance#{sku}#{buyer}", "allowance")
    anything = inventory_store.AllowanceRow.pk.exists() | inventory_store.AllowanceRow.pk.does_not_exist()
    return writes.update(row, [inventory_store.AllowanceRow.units.add(units)], anything)


def _hold_blindly(pick: Any) -> Any:
    """`store.hold` as it would be without its condition."""
    anything = inventory_store.BucketRow.pk.exists()
    return inventory_store._moved(pick, -pick.units, pick.units, anything, None)


@contextmanager
def _market(endpoint: str, dynamodb: str | None = None) -> Iterator[Shop]:
    with e2e_cloud.account(endpoint, dynamodb), provider.running():
        yield Shop()
