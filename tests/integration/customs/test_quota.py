"""The yearly quota of a person in China: never above its limit, reserved and released once an order."""

import pytest

from entrepot.cloud import reads
from entrepot.cloud.writes import commit
from entrepot.kernel.money import Money
from functions.customs import facade
from functions.customs.facade import QuotaAlreadyReserved, QuotaExceeded, QuotaNotReserved
from functions.customs.store import QuotaRow

pytestmark = pytest.mark.usefixtures("aws")

PERSON = "0" * 64
LIMIT = 2_600_000


def reserve(order: str, fen: int, year: int = 2026) -> None:
    commit(*facade.reserve_quota(PERSON, year, order, fen))


def release(order: str, fen: int, year: int = 2026) -> None:
    commit(*facade.release_quota(PERSON, year, order, fen))


def used(year: int = 2026) -> Money | None:
    return reads.fetch_one(facade.quota_read(PERSON, year), consistent=True)


def test_nothing_is_used_before_the_first_purchase() -> None:
    assert used() is None


def test_purchases_add_up_to_exactly_the_limit() -> None:
    reserve("ord_1", LIMIT - 500_000)
    reserve("ord_2", 500_000)

    assert Money(LIMIT, "CNY") == used()


def test_a_fen_too_much_leaves_no_trace() -> None:
    reserve("ord_1", LIMIT)

    with pytest.raises(QuotaExceeded) as refused:
        reserve("ord_2", 1)

    facts = {"field": "lines", "limit": "CNY 26,000.00", "value": "CNY 0.01"}
    assert {"row": "cn-year-limit", **facts} == refused.value.facts
    assert Money(LIMIT, "CNY") == used()
    with pytest.raises(QuotaNotReserved):
        release("ord_2", 1)


def test_an_amount_beyond_the_limit_is_refused_before_any_write() -> None:
    with pytest.raises(QuotaExceeded):
        facade.reserve_quota(PERSON, 2026, "ord_1", LIMIT + 1)


def test_an_order_reserves_once() -> None:
    reserve("ord_1", 100)

    with pytest.raises(QuotaAlreadyReserved):
        reserve("ord_1", 100)

    assert Money(100, "CNY") == used()


def test_an_order_releases_what_it_reserved_once() -> None:
    reserve("ord_1", 100)
    reserve("ord_2", 50)
    release("ord_1", 100)

    with pytest.raises(QuotaNotReserved):
        release("ord_1", 100)

    assert Money(50, "CNY") == used()


def test_another_amount_than_the_reserved_one_is_not_released() -> None:
    reserve("ord_1", 100)
    reserve("ord_2", 100)

    with pytest.raises(QuotaNotReserved):
        release("ord_1", 150)

    assert Money(200, "CNY") == used()


def test_each_year_has_a_quota_of_its_own() -> None:
    reserve("ord_1", LIMIT, 2026)
    reserve("ord_2", 100, 2027)

    assert Money(100, "CNY") == used(2027)


def test_rows_outlive_the_year_and_then_go() -> None:
    reserve("ord_1", 100)

    row = QuotaRow.get(f"quota#{PERSON}#2026", "order#ord_1")
    assert 1_893_456_000 == row.expires_at  # 2030-01-01T00:00:00Z


def test_a_purchase_without_value_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="has a value"):
        facade.reserve_quota(PERSON, 2026, "ord_1", 0)


def test_the_note_of_an_order_is_forgotten_and_the_sum_stays() -> None:
    reserve("ord_1", 100)

    for _ in range(2):
        commit(facade.forget_order(PERSON, 2026, "ord_1", 100))

    assert Money(100, "CNY") == used()
    with pytest.raises(QuotaNotReserved):
        release("ord_1", 100)


def test_a_note_of_another_part_of_the_sum_is_not_forgotten() -> None:
    reserve("ord_1", 100)

    with pytest.raises(QuotaNotReserved):
        commit(facade.forget_order(PERSON, 2026, "ord_1", 99))

    release("ord_1", 100)
