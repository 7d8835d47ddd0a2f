"""A commission rate is exact from the request to the ledger."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.countries import COUNTRIES
from functions.membership.domain.merchants import (
    InvalidCommissionRate,
    InvalidMerchantName,
    Merchant,
    UnknownCountry,
    UnknownCurrency,
    merchant,
)


def made(name: str = "Acme", country: str = "DE", currency: str = "EUR", rate: str = "0.08") -> Merchant:
    return merchant("mrc_1", name, country, currency, Decimal(rate))


@given(st.integers(0, 5000))
def test_a_rate_of_whole_basis_points_comes_back_as_it_was_written(basis_points):
    rate = Decimal(basis_points).scaleb(-4)
    acme = made(rate=str(rate))

    assert basis_points == acme.commission_basis_points
    assert Fraction(basis_points, 10_000) == acme.commission
    assert rate == Decimal(acme.commission_rate)
    assert "E" not in acme.commission_rate


@pytest.mark.parametrize(
    "rate",
    ["-0.0001", "0.5001", "0.00001", "0.08000000000000000000000000000000001", "NaN", "Infinity", "1E-999999"],
)
def test_any_other_rate_is_refused(rate):
    with pytest.raises(InvalidCommissionRate):
        made(rate=rate)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "Acme\r\nBcc: all@example.com", "Ac\u202eme"])
def test_a_name_that_cannot_be_shown_is_refused(name):
    with pytest.raises(InvalidMerchantName):
        made(name=name)


@pytest.mark.parametrize("country", ["ZZ", "EU", "UK", "de", "DEU", ""])
def test_what_is_no_country_is_refused(country):
    with pytest.raises(UnknownCountry):
        made(country=country)


def test_what_is_no_currency_is_refused():
    with pytest.raises(UnknownCurrency):
        made(currency="BTC")


def test_the_standard_assigns_249_codes():
    assert 249 == len(COUNTRIES)
