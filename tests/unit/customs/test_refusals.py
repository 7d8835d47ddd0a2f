"""What cannot be priced honestly is refused by name; what is not known is said."""

from datetime import date

import pytest

from functions.customs.domain import (
    DestinationNotSupported,
    DutyRateMissing,
    HsCodeMissing,
    IdentityRequired,
    OriginMissing,
    QuotaExceeded,
    UnverifiedRate,
)
from functions.rates.facade import RateMissing
from tests.unit.customs.consignments import (
    ON,
    amounts,
    assessed,
    consignment,
    explained,
    line,
    money,
    not_included,
)


@pytest.mark.parametrize(
    ("route", "row"),
    [
        ("CN-RO", "ro-parcel-fee"),
        ("CN-FR", "fr-parcel-fee"),
        ("CN-IT", "it-parcel-fee"),
        ("CN-SG", "sg-import"),
        ("CN-KR", "kr-import"),
        ("CN-BR", "br-import"),
        ("CN-MX", "mx-import"),
        ("CN-CH", "ch-import"),
        ("CH-CH", "ch-import"),
    ],
)
def test_an_unconfirmed_row_that_blocks_names_itself(route: str, row: str) -> None:
    with pytest.raises(DestinationNotSupported) as refused:
        assessed(consignment(route, line("851830 CN EUR 50.00")))

    assert row == refused.value.facts["row"]
    assert route[3:] == refused.value.facts["destination"]


@pytest.mark.parametrize(
    ("route", "tax"), [("DE-RO", "EUR 10.50"), ("DE-FR", "EUR 10.00"), ("IT-IT", "EUR 11.00")]
)
def test_the_parcel_fees_do_not_touch_goods_that_are_in_the_union(route: str, tax: str) -> None:
    assert ("EUR 0.00", tax) == amounts(assessed(consignment(route, line("851830 CN EUR 50.00"))))


@pytest.mark.parametrize("country", ["NG", "IN", "ZZ"])
def test_a_destination_without_any_row_is_refused(country: str) -> None:
    with pytest.raises(DestinationNotSupported) as refused:
        assessed(consignment(f"CN-{country}", line("851830 CN EUR 50.00")))

    assert {"destination": country, "row": None} == refused.value.facts


@pytest.mark.parametrize(
    ("country", "region", "row"),
    [
        ("GB", "NIR", "gb-northern-ireland"),
        ("GB", "GB-NIR", "gb-northern-ireland"),
        ("ES", "GC", "es-outside-vat"),
        ("FI", "01", "fi-aland"),
    ],
)
def test_a_region_with_taxes_of_its_own_is_refused(country: str, region: str, row: str) -> None:
    goods = consignment(f"CN-{country}", line("851830 CN EUR 50.00"), destination_region=region)

    with pytest.raises(DestinationNotSupported) as refused:
        assessed(goods)

    assert row == refused.value.facts["row"]


@pytest.mark.parametrize(
    ("country", "postal_code", "row"),
    [
        ("GB", "bt1 5gs", "gb-northern-ireland"),
        ("ES", "35001", "es-outside-vat"),
        ("DE", "78266", "de-outside-vat"),
        ("PT", "9000-001", "pt-islands"),
        ("FI", "FI-22100", "fi-aland"),
    ],
)
def test_the_postal_code_tells_where_the_region_is_left_out(country: str, postal_code: str, row: str) -> None:
    goods = consignment(f"{country}-{country}", line("- ? EUR 50.00"), destination_postal_code=postal_code)

    with pytest.raises(DestinationNotSupported) as refused:
        assessed(goods)

    assert row == refused.value.facts["row"]


@pytest.mark.parametrize(("region", "postal_code"), [("M", "28001"), (None, None), ("ES-B", "08001")])
def test_the_rest_of_that_country_is_served(region: str | None, postal_code: str | None) -> None:
    goods = consignment(
        "CN-ES",
        line("851830 CN EUR 50.00"),
        destination_region=region,
        destination_postal_code=postal_code,
    )

    assert "import_at_sale" == assessed(goods).regime


def test_after_the_temporary_duty_ends_nothing_is_guessed() -> None:
    with pytest.raises(DestinationNotSupported) as refused:
        assessed(consignment("CN-DE", line("851830 CN EUR 50.00")), date(2028, 7, 1))

    assert "eu-low-value-after-2028" == refused.value.facts["row"]


def test_after_britains_relief_ends_nothing_is_guessed() -> None:
    with pytest.raises(DestinationNotSupported) as refused:
        assessed(consignment("CN-GB", line("851830 CN GBP 50.00")), date(2029, 3, 1))

    assert "gb-low-value-after-2029" == refused.value.facts["row"]


def test_before_the_first_rule_of_a_destination_nothing_is_guessed() -> None:
    with pytest.raises(DestinationNotSupported):
        assessed(consignment("VN-US", line("610910 VN USD 50.00")), date(2026, 2, 23))


def test_food_is_outside_norways_scheme_and_its_duty_is_not_carried() -> None:
    with pytest.raises(DutyRateMissing) as refused:
        assessed(consignment("CN-NO", line("090210 CN NOK 100.00")))

    assert "090210" == refused.value.facts["hs_code"]


@pytest.mark.parametrize(("route", "price"), [("CN-CA", "CAD 15.00"), ("CN-JP", "JPY 5000")])
def test_goods_that_a_relief_leaves_out_are_never_free(route: str, price: str) -> None:
    with pytest.raises(DutyRateMissing) as refused:
        assessed(consignment(route, line(f"220421 FR {price}")))

    assert "duty" == refused.value.facts["kind"]


@pytest.mark.parametrize(
    ("route", "price", "charge"),
    [
        ("CN-TH", "THB 1500.00", "duty"),
        ("CN-JP", "JPY 9000", "import_tax"),
        ("CN-CA", "CAD 30.00", "import_tax"),
        ("CN-NZ", "NZD 1000.01", "fees"),
    ],
)
def test_what_is_not_settled_there_is_said(route: str, price: str, charge: str) -> None:
    found = assessed(consignment(route, line(f"851830 CN {price}")))

    assert (charge, None) in not_included(found)


def test_a_small_consignment_from_a_bonded_warehouse_in_the_union_is_refused() -> None:
    with pytest.raises(DestinationNotSupported) as refused:
        assessed(consignment("DE-DE", line("851830 CN EUR 50.00"), mode="bonded"))

    assert "eu-border-low-value" == refused.value.facts["row"]


def test_goods_without_a_rate_are_refused_never_free() -> None:
    with pytest.raises(DutyRateMissing) as refused:
        assessed(consignment("CN-DE", line("920110 CN EUR 200.00", key="SKU-1")))

    expected = {
        "line": "SKU-1",
        "field": "hs_code",
        "hs_code": "920110",
        "destination": "DE",
        "origin": "CN",
        "kind": "duty",
    }
    assert expected == refused.value.facts


def test_an_origin_without_a_rate_is_refused_where_another_has_one() -> None:
    assert ("EUR 24.00", "EUR 42.56") == amounts(assessed(consignment("JP-DE", line("691110 JP EUR 200.00"))))
    with pytest.raises(DutyRateMissing):
        assessed(consignment("CN-DE", line("691110 CN EUR 200.00")))


def test_a_good_of_china_without_a_row_of_section_301_is_refused() -> None:
    with pytest.raises(DutyRateMissing) as refused:
        assessed(consignment("CN-US", line("691110 CN USD 20.00")))

    assert "US" == refused.value.facts["destination"]


def test_wine_is_refused_where_its_excise_is_not_carried() -> None:
    with pytest.raises(DutyRateMissing) as refused:
        assessed(consignment("IT-DK", line("220421 IT EUR 30.00")))

    assert "excise" == refused.value.facts["kind"]


@pytest.mark.parametrize(
    ("route", "price"), [("CN-DE", "EUR 30.00"), ("FR-GB", "GBP 30.00"), ("FR-AU", "AUD 30.00")]
)
def test_wine_from_outside_is_excluded_from_every_scheme_at_sale(route: str, price: str) -> None:
    with pytest.raises((DutyRateMissing, DestinationNotSupported)):
        assessed(consignment(route, line(f"220421 FR {price}")))


@pytest.mark.parametrize("hs_code", ["-", "8518", "85183O", "85183000001"])
def test_an_import_without_an_hs_code_is_refused(hs_code: str) -> None:
    with pytest.raises(HsCodeMissing) as refused:
        assessed(consignment("CN-DE", line(f"{hs_code} CN EUR 50.00", key="SKU-1")))

    assert {"line": "SKU-1", "field": "hs_code"} == refused.value.facts


def test_an_import_without_an_origin_is_refused() -> None:
    with pytest.raises(OriginMissing) as refused:
        assessed(consignment("CN-DE", line("851830 ? EUR 50.00", key="SKU-1")))

    assert {"line": "SKU-1", "field": "origin_country"} == refused.value.facts


def test_a_domestic_sale_needs_neither() -> None:
    assert "EUR 9.50" == amounts(assessed(consignment("DE-DE", line("- ? EUR 50.00"))))[1]


def test_an_unverified_rate_is_refused_beyond_one_machine_and_named() -> None:
    goods = consignment("CN-DE", line("610910 CN EUR 200.00"))

    with pytest.raises(UnverifiedRate) as refused:
        assessed(goods, allow_unverified=False)

    assert "eu-duty-610910" == refused.value.facts["row"]
    assert any("Not verified" in one.note for one in assessed(goods).explain)


@pytest.mark.parametrize(
    ("route", "price"),
    [
        ("CN-DE", "EUR 50.00"),
        ("IT-DE", "EUR 50.00"),
        ("CN-GB", "GBP 50.00"),
        ("CN-AU", "AUD 50.00"),
        ("CN-NZ", "NZD 50.00"),
        ("CN-NO", "NOK 500.00"),
        ("NZ-NZ", "NZD 50.00"),
        ("NO-NO", "NOK 50.00"),
        ("US-CA", "CAD 15.00"),
    ],
)
def test_what_rests_on_confirmed_rows_alone_is_priced_on_every_stage(route: str, price: str) -> None:
    goods = consignment(route, line(f"610910 CN {price}"))

    assert assessed(goods, allow_unverified=True) == assessed(goods, allow_unverified=False)


@pytest.mark.parametrize(
    ("route", "price", "row"),
    [
        ("CA-CA", "CAD 50.00", "ca-domestic-gst"),
        ("JP-JP", "JPY 5000", "jp-domestic-tax"),
        ("TH-TH", "THB 50.00", "th-domestic-vat"),
    ],
)
def test_domestic_taxes_whose_law_was_not_read_are_refused_beyond_one_machine(
    route: str, price: str, row: str
) -> None:
    with pytest.raises(UnverifiedRate) as refused:
        assessed(consignment(route, line(f"610910 CN {price}")), allow_unverified=False)

    assert row == refused.value.facts["row"]


def test_china_asks_for_the_importers_identity() -> None:
    goods = consignment("IT-CN", line("420221 IT CNY 100.00"))

    with pytest.raises(IdentityRequired) as refused:
        assessed(goods)

    assert {"row": "cn-identity", "field": "importer_identity"} == refused.value.facts


def test_a_sale_within_china_asks_for_no_identity() -> None:
    assert "domestic" == assessed(consignment("CN-CN", line("420221 IT CNY 100.00"))).regime


def test_two_units_above_the_transaction_limit_are_refused() -> None:
    goods = consignment(
        "IT-CN", line("420221 IT CNY 5000.01", 2), has_importer_identity=True, units_in_order=2
    )

    with pytest.raises(QuotaExceeded) as refused:
        assessed(goods)

    facts = {"field": "lines", "limit": "CNY 5,000.00", "value": "CNY 5,000.01"}
    assert {"row": "cn-single-item", **facts} == refused.value.facts


def test_the_years_quota_is_met_exactly() -> None:
    goods = consignment(
        "IT-CN", line("420221 IT CNY 5000.00"), has_importer_identity=True, cn_year_used=money("CNY 21000.00")
    )

    assert money("CNY 5000.00") == assessed(goods).quota_value


def test_a_fen_above_the_years_quota_is_refused_without_telling_what_was_bought() -> None:
    goods = consignment(
        "IT-CN", line("420221 IT CNY 5000.00"), has_importer_identity=True, cn_year_used=money("CNY 21000.01")
    )

    with pytest.raises(QuotaExceeded) as refused:
        assessed(goods)

    facts = {"field": "lines", "limit": "CNY 26,000.00", "value": "CNY 5,000.00"}
    assert {"row": "cn-year-limit", **facts} == refused.value.facts


def test_the_quota_counts_yuan_whatever_the_buyer_pays_in() -> None:
    goods = consignment("IT-CN", line("420221 IT EUR 100.00"), has_importer_identity=True)

    assert money("CNY 752.59") == assessed(goods).quota_value


def test_no_quota_counts_outside_china() -> None:
    assert assessed(consignment("CN-DE", line("851830 CN EUR 50.00"))).quota_value is None


def test_a_currency_without_a_reference_rate_is_refused() -> None:
    with pytest.raises(RateMissing):
        assessed(consignment("CN-DE", line("851830 CN VND 100000")))


def test_what_the_united_states_may_charge_besides_is_said() -> None:
    found = assessed(consignment("CN-US", line("610910 CN USD 50.00")))

    assert [("duty", None), ("import_tax", None), ("fees", None)] == not_included(found)
    assert all(one.reason and one.source for one in found.not_included)


def test_section_122_is_charged_while_it_held_and_said_to_be_open_after() -> None:
    goods = consignment("VN-US", line("610910 VN USD 50.00"))

    assert "USD 5.00" == explained(assessed(goods, date(2026, 7, 23)))["us-section-122"]
    assert "us-section-122" not in explained(assessed(goods, ON))
    assert ("duty", None) not in not_included(assessed(goods, date(2026, 7, 23)))


def test_the_handling_fee_of_the_union_is_noticed_from_november() -> None:
    goods = consignment("CN-DE", line("851830 CN EUR 50.00"))

    assert [] == not_included(assessed(goods, date(2026, 10, 31)))
    assert [("fees", None)] == not_included(assessed(goods, date(2026, 11, 1)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"freight": "USD 1.00"},
        {"insurance": money("EUR -0.01")},
        {"lines": ()},
        {"lines": (line("851830 CN EUR 1.00"), line("851830 CN EUR 2.00"))},
        {"lines": (line("851830 CN EUR 1.00", 0),)},
    ],
)
def test_a_consignment_that_makes_no_sense_cannot_be_built(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"consignment|line"):
        consignment("CN-DE", line("851830 CN EUR 50.00"), **wrong)  # type: ignore[arg-type]
