"""Charges, reasons and debts of a consignment agree with one another, whatever its shape."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.money import Money, total
from entrepot.kernel.refusals import Refusal
from functions.customs.book import packaged_book
from functions.customs.domain import Assessment, Consignment, ConsignmentLine, Lookups, assess
from tests.unit.customs.consignments import (
    ON,
    RATES,
    amounts,
    assessed,
    consignment,
    explained,
    line,
    money,
    not_included,
)

CURRENCIES = {"DE": "EUR", "GB": "GBP", "US": "USD", "AU": "AUD", "CN": "CNY", "NL": "USD"}
HS_CODES = ["851830", "610910", "420221", "330499", "090210", "950300", "851671", "640399", "711719"]


def lines(currency: str) -> st.SearchStrategy[list[ConsignmentLine]]:
    def built(index: int, hs_code: str, origin: str, quantity: int, amount: int) -> ConsignmentLine:
        return ConsignmentLine(f"SKU-{index}", hs_code, origin, quantity, Money(amount, currency))

    one = st.builds(
        built,
        st.integers(0, 10**6),
        st.sampled_from(HS_CODES),
        st.sampled_from(["CN", "IT", "JP", "VN"]),
        st.integers(1, 9),
        st.integers(0, 60_000),
    )
    return st.lists(one, min_size=1, max_size=6, unique_by=lambda found: found.key)


@st.composite
def consignments(draw: st.DrawFn) -> Consignment:
    destination = draw(st.sampled_from(sorted(CURRENCIES)))
    currency = CURRENCIES[destination]
    dispatch = draw(st.sampled_from(["VN", "IT", destination]))
    goods = draw(lines(currency))
    affordable = destination != "CN" or sum(one.goods.amount for one in goods) <= 470_000
    return consignment(
        f"{dispatch}-{destination}",
        *(goods if affordable else goods[:1]),
        freight=str(Money(draw(st.integers(0, 20_000)), currency)).replace(",", ""),
        insurance=Money(draw(st.integers(0, 5_000)), currency),
        incoterm=draw(st.sampled_from(["ddp", "dap"])),
        has_importer_identity=True,
        seller_country=draw(st.sampled_from([None, "CN", "IT"])),
    )


def charged(found: Assessment) -> Money:
    return found.duty + found.import_tax + found.fees


@given(consignments())
def test_lines_reasons_and_debts_have_one_sum(goods: Consignment) -> None:
    found = assessed(goods)

    whole = charged(found)
    assert whole == total((one.total for one in found.lines), goods.currency)
    assert whole == total((one.amount for one in found.explain), goods.currency)
    assert whole == total((one.amount for one in found.liabilities), goods.currency)
    assert [one.key for one in goods.lines] == [one.key for one in found.lines]
    assert all(one.amount.amount >= 0 and one.rule and one.source and one.note for one in found.explain)


@given(consignments(), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(goods: Consignment, chance: object) -> None:
    shuffled = list(goods.lines)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    one, other = assessed(goods), assessed(replace(goods, lines=tuple(shuffled)))

    assert {found.key: found for found in one.lines} == {found.key: found for found in other.lines}
    assert (one.explain, one.not_included, one.liabilities) == (
        other.explain,
        other.not_included,
        other.liabilities,
    )


@given(consignments())
def test_a_charge_on_the_consignment_loses_nothing_over_its_lines(goods: Consignment) -> None:
    found = assessed(goods)

    flat = [one.amount for one in found.explain if one.rule == "eu-three-euro"]
    if flat:
        subheadings = len({one.hs_code for one in goods.lines})
        assert flat == [found.duty] == [RATES.convert(Money(300 * subheadings, "EUR"), goods.currency)]


@given(st.integers(1, 14_999), st.integers(1, 5_000))
def test_a_dearer_good_is_never_charged_less_within_a_regime(amount: int, more: int) -> None:
    cheap, dear = (
        charged(assessed(consignment("CN-DE", line(f"610910 CN EUR {Money(cents, 'EUR').amount / 100:.2f}"))))
        for cents in (amount, min(amount + more, 15_000))
    )

    assert cheap <= dear


def test_free_goods_bear_their_freight_by_quantity() -> None:
    goods = consignment(
        "DE-DE",
        line("610910 CN EUR 0.00", 3, key="a"),
        line("851830 CN EUR 0.00", 1, key="b"),
        freight="EUR 4.00",
    )

    assert ["EUR 0.57", "EUR 0.19"] == [str(one.import_tax) for one in assessed(goods).lines]


def test_delivered_at_place_is_reckoned_told_and_not_charged() -> None:
    goods = consignment("CN-DE", line("610910 CN EUR 200.00"), incoterm="dap")

    found = assessed(goods)

    assert "dap" == found.incoterm
    assert ("EUR 0.00", "EUR 0.00") == amounts(found)
    assert [("duty", "EUR 24.00"), ("import_tax", "EUR 42.56"), ("fees", None)] == not_included(found)
    assert () == found.liabilities


def test_what_is_collected_at_the_sale_is_delivered_duty_paid_whatever_was_asked() -> None:
    goods = consignment("CN-DE", line("610910 CN EUR 50.00"))

    assert assessed(goods) == assessed(replace(goods, incoterm="dap"))
    assert "ddp" == assessed(goods).incoterm


def test_the_deemed_supplier_owes_the_tax_of_a_sale_and_the_seller_that_of_the_border() -> None:
    small = assessed(consignment("CN-DE", line("610910 CN EUR 50.00")))
    large = assessed(consignment("CN-DE", line("610910 CN EUR 200.00")))

    assert [("DE", "duty", "platform"), ("EU-IOSS", "import_tax", "platform")] == [
        (one.authority, one.kind, one.liable) for one in small.liabilities
    ]
    assert [("DE", "duty", "seller"), ("DE", "import_tax", "seller")] == [
        (one.authority, one.kind, one.liable) for one in large.liabilities
    ]


def test_a_foreign_sellers_stock_in_the_union_makes_the_platform_the_deemed_supplier() -> None:
    goods = consignment("DE-DE", line("610910 CN EUR 50.00"))

    owed = {
        seller: assessed(replace(goods, seller_country=seller)).liabilities[0].liable
        for seller in ("CN", "IT", None)
    }

    assert {"CN": "platform", "IT": "seller", None: "seller"} == owed


def test_every_use_of_a_rate_names_its_source_and_date() -> None:
    found = assessed(consignment("CN-DE", line("851830 CN USD 50.00")))

    citing = [one.rule for one in found.explain if "reference rates, 2026-10-02" in one.note]
    assert ["eu-ioss", "eu-three-euro"] == citing


def test_each_rate_explains_the_goods_to_which_it_applies() -> None:
    goods = consignment(
        "CN-US", line("610910 CN USD 50.00", key="shirt"), line("851671 IT USD 100.00", key="coffee")
    )

    found = assessed(goods)

    assert {
        "us-border-duty/us-duty-610910": "USD 8.25",
        "us-border-duty/us-duty-851671": "USD 3.70",
        "us-section-301/us-additional-610910-cn": "USD 3.75",
    } == explained(found)
    assert {"shirt": money("USD 12.00"), "coffee": money("USD 3.70")} == {
        one.key: one.duty for one in found.lines
    }


def test_the_limits_of_china_are_told_with_what_we_cannot_know() -> None:
    found = assessed(consignment("IT-CN", line("420221 IT CNY 100.00"), has_importer_identity=True))

    assert "others are not known to us" in found.explain[0].note


@given(
    consignments(),
    st.lists(
        st.tuples(st.integers(0, 30_000), st.sampled_from([None, "courier", "mail"])), min_size=1, max_size=3
    ),
)
def test_what_was_looked_up_for_one_way_of_sending_changes_nothing_for_another(
    goods: Consignment, ways: list[tuple[int, Any]]
) -> None:
    lookups = Lookups()
    for freight, conveyance in ways:
        sent = replace(goods, freight=Money(freight, goods.currency), conveyance=conveyance)

        assert outcome(sent, None) == outcome(sent, lookups)


def outcome(goods: Consignment, lookups: Lookups | None) -> Assessment | tuple[str, dict[str, Any]]:
    try:
        return assess(goods, ON, RATES, packaged_book(), True, lookups)
    except Refusal as refusal:
        return refusal.code, refusal.facts
