"""What a quote cannot be made from is refused by name, field and remedy; never priced at a silent zero."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Refusal
from functions.customs.facade import (
    DutyRateMissing,
    HsCodeMissing,
    HsCodeUnknown,
    OriginMissing,
    QuotaExceeded,
)
from functions.logistics import importing
from functions.logistics.domain.cards import RateCard, RemoteArea
from functions.logistics.facade import NoCarrier, ParcelTooLarge, UnknownPostalCode
from functions.rates.facade import RateStale
from tests.unit.orders.desks import ON, Shop, card, offer

SHIRT = offer("SHIRT", "610910", Money(20_000, "EUR"))
CARD = card("saver", "courier", 1_000, "CN")
REMOTE = replace(CARD, remote_areas=(RemoteArea("islands", ("DE",), ("25",), 500),))


def shop(sold: Any = SHIRT, *cards: RateCard, **more: Any) -> Shop:
    return Shop("CN", cards or (CARD,), {"SHIRT": sold}, **more)


@pytest.mark.parametrize(
    ("refusal", "field", "remedy", "of", "to", "currency"),
    [
        (HsCodeMissing, "hs_code", "6 to 10 digits", shop(replace(SHIRT, hs_code=None)), "DE", "EUR"),
        (HsCodeUnknown, "hs_code", "suggestions", shop(replace(SHIRT, hs_code="999999")), "DE", "EUR"),
        (
            OriginMissing,
            "origin_country",
            "two letters",
            shop(replace(SHIRT, origin_country="")),
            "DE",
            "EUR",
        ),
        (
            DutyRateMissing,
            "hs_code",
            "a longer HS code",
            shop(replace(SHIRT, hs_code="940490")),
            "DE",
            "EUR",
        ),
        (ParcelTooLarge, "lines", "Order it without", shop(replace(SHIRT, weight_grams=30_001)), "DE", "EUR"),
        (NoCarrier, "ship_to", "", shop(), "FR", "EUR"),
        (RateStale, "currency", "read again", shop(most_days=1), "GB", "GBP"),
        (
            QuotaExceeded,
            "lines",
            "or in the next year",
            Shop(
                "IT",
                (card("saver", "courier", 1_000, "IT"),),
                {"SHIRT": SHIRT},
                quota_used=Money(2_500_000, "CNY"),
            ),
            "CN",
            "CNY",
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_bad_input_is_refused_by_name_field_and_remedy(
    refusal: type[Refusal], field: str, remedy: str, of: Shop, to: str, currency: str
) -> None:
    with pytest.raises(refusal) as refused:
        of.options({"SHIRT": 1}, to, currency)

    assert field == refused.value.facts["field"]
    assert remedy in f"{refused.value.title} {refused.value.detail}"


@pytest.mark.parametrize("code", ["1011", "ABCDE", "10115-7"])
def test_an_unknown_postal_code_is_refused_where_the_freight_depends_on_it(code: str) -> None:
    with pytest.raises(UnknownPostalCode) as refused:
        shop(SHIRT, REMOTE).options({"SHIRT": 1}, "DE", "EUR", code)

    assert "ship_to.postal_code" == refused.value.facts["field"]
    assert "in full" in str(refused.value.detail)


def test_an_overlapping_rate_card_is_refused_with_both_names() -> None:
    later = replace(CARD, card_id="saver-2027", valid_from=ON + timedelta(days=30))

    with pytest.raises(importing.RateCardOverlap) as refused:
        importing._check({each.card_id: each for each in (CARD, later)})

    assert {"field": "csv", "cards": [["saver", "saver-2027"]]} == refused.value.facts
    assert "end the older one first" in refused.value.title
