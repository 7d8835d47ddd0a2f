"""Postal codes: whether one has the form of its country, asked only where a price depends on it."""

import re
from collections.abc import Mapping

from entrepot.kernel.refusals import Kind, Refusal
from functions.logistics.domain.cards import plain_postal_code


class UnknownPostalCode(Refusal):
    code = "unknown_postal_code"
    kind = Kind.RULE
    title = "This is no postal code of the country, and the freight depends on it."


def checked_postal_code(country: str, postal_code: str | None, forms: Mapping[str, str]) -> str:
    """The plain form of a postal code; of a country whose form is not known any that is not empty.

    Raises: UnknownPostalCode: it is missing, or none of that country. The code itself is not repeated.
    """
    plain = plain_postal_code(postal_code)
    form = forms.get(country)
    if not plain or (form is not None and re.fullmatch(form, plain, re.ASCII) is None):
        raise UnknownPostalCode(
            f"Give the postal code of {country} in full.", field="ship_to.postal_code", country=country
        )
    return plain
