"""Cover that a carrier sells is a line of its own, and stands in the bases of duty and tax where a rule says so."""

from entrepot.kernel.money import Money
from functions.orders.domain.quote import Option
from tests.unit.orders.desks import Shop, card, offer

SHIRT = offer("SHIRT", "610910", Money(20_000, "EUR"), "VN")
PHONES = offer("PHONES", "851830", Money(10_001, "EUR"), "CN")


def one(shop: Shop, wanted: dict[str, int], to: str = "DE", currency: str = "EUR") -> Option:
    (option,) = shop.options(wanted, to, currency)
    return option


def test_insurance_is_part_of_the_total_and_of_both_bases_at_the_border() -> None:
    """Regulation (EU) No 952/2013, Article 71(1)(e)(i): transport and insurance; Directive 2006/112/EC, Article 86."""
    option = one(
        Shop("CN", [card("saver", "courier", 1_000, "CN", insurance="0.012")], {"SHIRT": SHIRT}), {"SHIRT": 1}
    )

    assert ("EUR 10.00", "EUR 2.40", "EUR 25.49", "EUR 45.20", "EUR 283.09") == (
        str(option.sum_of("freight")),
        str(option.sum_of("insurance")),
        str(option.sum_of("duty")),  # 12 % of 212.40 = 25.488
        str(option.sum_of("import_tax")),  # 19 % of 237.89 = 45.1991
        str(option.total),
    )


def test_a_customs_value_without_insurance_leaves_it_out_of_the_duty() -> None:
    """ABF: customs value without international transport and insurance; GST Act, section 13-20, with them."""
    shirt = offer("SHIRT", "610910", Money(200_000, "AUD"), "VN")
    covered = Shop("CN", [card("saver", "courier", 0, "CN", insurance="0.01")], {"SHIRT": shirt})

    option = one(covered, {"SHIRT": 1}, "AU", "AUD")

    assert ("AUD 20.00", "AUD 100.00", "AUD 212.00") == (
        str(option.sum_of("insurance")),
        str(option.sum_of("duty")),
        str(option.sum_of("import_tax")),
    )


def test_insurance_is_shared_by_goods_value_and_loses_no_cent() -> None:
    shop = Shop(
        "DE",
        [card("saver", "courier", 0, "DE", insurance="0.015")],
        {"SHIRT": SHIRT, "PHONES": PHONES},
        merchant_country="DE",
    )

    option = one(shop, {"SHIRT": 1, "PHONES": 1})

    assert ["EUR 3.00", "EUR 1.50"] == [str(line.insurance) for line in option.lines]
    assert "EUR 4.50" == str(option.sum_of("insurance"))  # 1.5 % of 300.01 = 4.50015
    assert option.total.amount == sum(line.total.amount for line in option.lines)


def test_the_explanation_names_the_share_or_says_that_nothing_is_insured() -> None:
    notes = {}
    for rate in ("0.012", "0"):
        shop = Shop("CN", [card("saver", "courier", 1_000, "CN", insurance=rate)], {"SHIRT": SHIRT})
        (entry,) = (e for e in one(shop, {"SHIRT": 1}).explain if e.charge == "insurance")
        notes[rate] = (str(entry.amount), entry.rule, entry.note)

    assert {
        "0.012": ("EUR 2.40", "saver/everywhere", "1.2 % of the goods"),
        "0": ("EUR 0.00", "saver/everywhere", "Nothing is insured: this rate card sells no cover."),
    } == notes


def test_half_a_cent_of_insurance_is_a_cent() -> None:
    cheap = offer("CHEAP", "851830", Money(50, "EUR"), "CN")
    shop = Shop("DE", [card("saver", "courier", 0, "DE", insurance="0.01")], {"CHEAP": cheap})

    assert "EUR 0.01" == str(one(shop, {"CHEAP": 1}).sum_of("insurance"))
