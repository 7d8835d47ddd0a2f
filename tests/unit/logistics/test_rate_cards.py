"""The data files as they ship: sound, and enough for every lane of the demo."""

from datetime import date

import pytest

from functions.logistics import facade, tariffs
from functions.logistics.domain.cards import card_faults

TODAY = date(2026, 11, 22)
POSTAL_CODES = {
    "DE": "10115", "FR": "75001", "IT": "20121", "ES": "28001", "NL": "1012 AB", "AT": "1010", "GB": "WC1N 3LE",
    "US": "97205", "AU": "3000", "CN": "200031",
}  # fmt: skip
ITEM = facade.Item(450, (200, 180, 80), 1)


def test_shipped_rate_cards_have_no_fault():
    assert [] == card_faults(tariffs.all_rate_cards())


def test_cards_and_services_belong_to_known_carriers():
    known = {
        (carrier.code, service) for carrier in tariffs.carriers().values() for service in carrier.services
    }

    assert known == {(card.carrier, card.service) for card in tariffs.all_rate_cards()}


def test_every_card_says_that_its_prices_are_ours():
    assert all("demo tariff" in card.source for card in tariffs.all_rate_cards())


@pytest.mark.parametrize("destination", POSTAL_CODES)
@pytest.mark.parametrize(
    ("origin", "mode"), [("CN", "direct_mail"), ("CN", "bonded"), ("IT", "overseas"), ("DE", "overseas")]
)
def test_every_lane_of_the_demo_is_served(origin, mode, destination):
    found = facade.options(origin, mode, destination, POSTAL_CODES[destination], (ITEM,), TODAY)

    assert found
    assert list(found) == sorted(found, key=lambda option: option.price.amount)


def test_direct_mail_from_shenzhen_offers_three_carriers():
    found = facade.options("CN", "direct_mail", "DE", "10115", (ITEM,), TODAY)

    # YunExpress: 2880 cm³ / 8000 is 360 g, below twice 450 g: 19.00 + 0.45 x 72.00 = 51.40.
    # By volume 0.576 kg, so 1 kg: UPS (86.00 + 57.00) x 1.1975 = 171.2425,
    # DHL (98.00 + 62.00) x 1.265 = 202.40.
    assert [
        ("yunexpress", 450, "CNY 51.40"),
        ("ups", 1000, "CNY 171.24"),
        ("dhl_express", 1000, "CNY 202.40"),
    ] == [(option.carrier, option.chargeable_grams, str(option.price)) for option in found]


def test_a_parcel_to_the_canary_islands_pays_the_remote_area():
    mainland, island = (
        facade.options("IT", "overseas", "ES", code, (ITEM,), TODAY)[0].price.amount
        for code in ("28001", "35001")
    )

    # UPS Standard from Italy: 10.90 + 1.40, plus 18.00 remote area, times 1.1975.
    assert (1473, 3628) == (mainland, island)


def test_the_tariff_of_the_day_is_used():
    june, july = (
        facade.options("CN", "bonded", "US", "10001", (ITEM,), day)
        for day in (date(2026, 6, 30), date(2026, 7, 1))
    )

    rules = [option.rule for found in (june, july) for option in found if option.carrier == "ups"]
    assert [
        "ups-worldwide-saver-cn-2026h1/north_america",
        "ups-worldwide-saver-cn-2026h2/north_america",
    ] == rules


def test_an_unserved_lane_is_refused_by_name():
    with pytest.raises(facade.NoCarrier) as refused:
        facade.options("DE", "overseas", "BR", "01000-000", (ITEM,), TODAY)

    assert ("no_carrier", "DE-BR") == (refused.value.code, refused.value.facts["lane"])


def test_an_unknown_mode_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError):
        facade.options("DE", "teleport", "DE", "10115", (ITEM,), TODAY)
