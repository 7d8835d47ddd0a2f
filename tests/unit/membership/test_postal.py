"""What each country's post asks of an address."""

from dataclasses import replace

import pytest

from functions.membership.domain.merchants import UnknownCountry
from functions.membership.domain.postal import InvalidAddress, PostalAddress
from functions.membership.i18n_address_gateway import deliverable

BERLIN = PostalAddress("Anna Schmidt", "Torstraße 1", None, "Berlin", None, "10119", "DE", None)
CANTON = PostalAddress("王伟", "天河区中山大道1号", None, "广州市", "广东省", "510000", "CN", None)
TOKYO = PostalAddress("佐藤花子", "丸の内1-1", None, "千代田区", "東京都", "100-0005", "JP", None)
AUSTIN = PostalAddress("Sam Hill", "1 Main St", None, "Austin", "TX", "78701", "US", None)
HONG_KONG = PostalAddress("陳大文", "彌敦道1號", None, "尖沙咀", "九龍", None, "HK", None)


@pytest.mark.parametrize("address", [BERLIN, CANTON, TOKYO, AUSTIN])
def test_an_address_that_is_whole_stays_as_it_is(address):
    assert address == deliverable(address)


@pytest.mark.parametrize(
    ("address", "given", "kept"),
    [
        (CANTON, "Guangdong", "广东省"),
        (TOKYO, "Tokyo", "東京都"),
        (AUSTIN, "Texas", "TX"),
        (HONG_KONG, "九龍", "Kowloon"),
    ],
)
def test_a_region_is_kept_by_the_countrys_own_key(address, given, kept):
    assert kept == deliverable(replace(address, region=given)).region


@pytest.mark.parametrize(
    ("address", "changes", "problems"),
    [
        (CANTON, {"region": None}, {"region": "required"}),
        (CANTON, {"region": "California"}, {"region": "invalid"}),
        (CANTON, {"postal_code": "51000"}, {"postal_code": "invalid"}),
        (CANTON, {"city": None}, {"city": "required"}),
        (TOKYO, {"region": None}, {"region": "required"}),
        (TOKYO, {"postal_code": None}, {"postal_code": "required"}),
        (AUSTIN, {"region": "XX"}, {"region": "invalid"}),
        (AUSTIN, {"postal_code": "10119"}, {"postal_code": "invalid"}),
        (BERLIN, {"city": None}, {"city": "required"}),
        (BERLIN, {"postal_code": "1011"}, {"postal_code": "invalid"}),
    ],
)
def test_what_a_country_needs_and_does_not_get_is_named(address, changes, problems):
    with pytest.raises(InvalidAddress) as refused:
        deliverable(replace(address, **changes))

    assert problems == refused.value.facts["problems"]


def test_a_postal_code_where_there_are_none_is_left_out():
    assert None is deliverable(replace(HONG_KONG, postal_code="000000")).postal_code


def test_a_country_that_does_not_exist_is_refused():
    with pytest.raises(UnknownCountry):
        deliverable(replace(BERLIN, country="ZZ"))
