"""How a parcel is carried decides which relief holds, and what may travel: the rate card says it to customs."""

import pytest

from entrepot.kernel.money import Money
from functions.customs.facade import GoodsProhibited
from functions.orders.domain.quote import Option
from tests.unit.orders.desks import Shop, card, offer

SHIRT = offer("SHIRT", "610910", Money(4_000, "CAD"), "VN")
BATTERY = offer("POWER", "850760", Money(2_000, "EUR"), "CN")


def charges(option: Option) -> tuple[str, str]:
    return str(option.sum_of("duty")), str(option.sum_of("import_tax"))


def test_canada_frees_forty_dollars_by_courier_from_the_united_states_and_not_by_mail() -> None:
    """CBSA, Importing by mail or courier: CAD 40 and CAD 150 by courier from the US or Mexico, CAD 20 else."""
    cards = (
        card("saver", "courier", 2_000, "US", currency="USD"),
        card("parcel", "mail", 900, "US", currency="USD"),
        card("line", None, 800, "US", currency="USD"),
    )

    options = Shop("US", cards, {"SHIRT": SHIRT}).options({"SHIRT": 1}, "CA", "CAD")

    assert {
        "saver": ("CAD 0.00", "CAD 0.00"),
        "parcel": ("CAD 7.20", "CAD 2.36"),
        "line": ("CAD 7.20", "CAD 2.36"),
    } == {option.service: charges(option) for option in options}


def test_what_may_not_go_by_mail_is_offered_by_courier_only() -> None:
    cards = (card("parcel", "mail", 500, "CN"), card("saver", "courier", 3_000, "CN"))

    options = Shop("CN", cards, {"POWER": BATTERY}).options({"POWER": 1}, "DE", "EUR")

    assert ["saver"] == [option.service for option in options]


@pytest.mark.parametrize(
    "cards",
    [
        (card("parcel", "mail", 500, "CN"),),
        (card("parcel", "mail", 500, "CN"), card("packet", "mail", 400, "CN")),
    ],
    ids=["one way", "two alike"],
)
def test_what_may_not_go_by_mail_is_refused_where_only_mail_goes(cards: tuple[object, ...]) -> None:
    with pytest.raises(GoodsProhibited) as refused:
        Shop("CN", cards, {"POWER": BATTERY}).options({"POWER": 1}, "DE", "EUR")  # type: ignore[arg-type]

    assert ("mail-loose-batteries", "POWER") == (refused.value.facts["row"], refused.value.facts["line"])


def test_a_magnet_may_fly_with_a_courier_and_not_in_the_mail() -> None:
    magnet = offer("MAGNET", "950300", Money(1_500, "EUR"), hazards=("magnet",))
    cards = (card("parcel", "mail", 500, "CN"), card("saver", "courier", 3_000, "CN"))

    options = Shop("CN", cards, {"MAGNET": magnet}).options({"MAGNET": 1}, "DE", "EUR")

    assert ["saver"] == [option.service for option in options]


def test_goods_that_stay_in_their_country_may_go_by_mail() -> None:
    cards = (card("parcel", "mail", 500, "DE"), card("saver", "courier", 3_000, "DE"))

    options = Shop("DE", cards, {"POWER": BATTERY}).options({"POWER": 1}, "DE", "EUR")

    assert ["parcel", "saver"] == [option.service for option in options]
