"""Accounts by their check digits: published examples are taken, and one wrong digit is refused."""

import pytest

from functions.settlement import accounts_gateway
from functions.settlement.accounts_gateway import BadAccount
from functions.settlement.domain.banking import LocalForm, NoPayoutTerms, debtor_for, terms_in_force
from functions.settlement.domain.destinations import Account, Through
from functions.settlement.payout_terms import payout_data
from functions.settlement.service.destinations import NoLocalForm, local_form
from tests.integration.settlement.books import NOW


@pytest.mark.parametrize(
    "number",
    [
        # The examples of the IBAN registry (SWIFT, ISO 13616).
        "DE89370400440532013000",
        "IT60 X054 2811 1010 0000 0123 456",
        "FR1420041010050500013M02606",
        "GB29NWBK60161331926819",
        "NO9386011117947",
    ],
)
def test_the_registrys_examples_are_accounts(number):
    account = accounts_gateway.with_iban("Anna Rossi", number, "")

    assert number.replace(" ", "") == account.number
    assert (number[:2], True) == (account.country, account.iban)


@pytest.mark.parametrize(
    "number", ["DE89370400440532013001", "DE8937040044053201300", "IT60X0542811101000000123457", "XX00", ""]
)
def test_an_iban_with_a_wrong_digit_or_length_is_refused(number):
    with pytest.raises(BadAccount):
        accounts_gateway.with_iban("Anna Rossi", number, "")


@pytest.mark.parametrize("bic", ["COBADEFF", "cobadeffxxx"])
def test_a_bic_is_taken_in_either_length(bic):
    assert bic.upper() == accounts_gateway.with_iban("Anna", "DE89370400440532013000", bic).bic


def test_a_bic_that_is_none_is_refused():
    with pytest.raises(BadAccount):
        accounts_gateway.with_iban("Anna", "DE89370400440532013000", "COBADEF")


def test_an_american_account_needs_a_routing_number_whose_digits_check():
    form = local_form("US")

    account = accounts_gateway.local(form, "Clay Inc.", "021000089", "000987654321", "")

    assert Account(Through.BANK, "000987654321", "Clay Inc.", "US", "", "USABA", "021000089") == account
    with pytest.raises(BadAccount):
        accounts_gateway.local(form, "Clay Inc.", "021000088", "000987654321", "")


def test_a_new_zealand_account_is_checked_with_its_branch():
    form = local_form("NZ")

    assert "0902068389" not in accounts_gateway.local(form, "Kiwi Ltd", "010902", "006838900", "").masked
    with pytest.raises(BadAccount):
        accounts_gateway.local(form, "Kiwi Ltd", "010902", "006838800", "")


def test_a_country_with_ibans_has_no_local_form():
    with pytest.raises(NoLocalForm):
        local_form("DE")


def test_an_account_is_shown_by_its_last_digits_alone():
    iban = accounts_gateway.with_iban("Anna", "DE89370400440532013000", "")

    assert "DE****3000" == iban.masked
    assert "acct_****9xYz" == Account(Through.STRIPE, "acct_1Mi9xYz").masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [("1234", "US****"), ("12345", "US****5"), ("1234567", "US****567"), ("123456789", "US****6789")],
)
def test_of_a_short_number_four_digits_stay_hidden(number, masked):
    assert masked == Account(Through.BANK, number, "Clay Inc.", "US", "", "USABA", "021000089").masked


def test_each_local_form_says_where_it_is_from_and_fits_iso():
    forms: tuple[LocalForm, ...] = payout_data().local_forms

    assert len(forms) == len({form.country for form in forms})
    assert all(form.source and len(form.clearing) == 5 for form in forms)


def test_a_stage_pays_from_its_own_accounts_and_waits_by_its_own_terms():
    data = payout_data()

    local = debtor_for(data.debtors, "local", "EUR", NOW.date())
    assert local is not None
    assert "house" == local.bank
    assert debtor_for(data.debtors, "prod", "EUR", NOW.date()) is None
    assert (72, False) == (
        terms_in_force(data.terms, "prod", NOW.date()).cooling_hours,
        terms_in_force(data.terms, "prod", NOW.date()).by_hand,
    )
    with pytest.raises(NoPayoutTerms):
        terms_in_force((), "prod", NOW.date())
