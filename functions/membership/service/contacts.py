"""What a member is reached by: an e-mail address or a phone number."""

from typing import Final

from entrepot.cloud import seal
from functions.membership import phonenumbers_gateway
from functions.membership.domain.addresses import Email, email
from functions.membership.domain.phones import Phone
from functions.membership.service.codes import Channel

Contact = Email | Phone

_PURPOSE: Final = "membership-contact"


def contact(email_text: str | None, phone_text: str | None) -> Contact:
    """The one that is given. Raises: InvalidEmail, InvalidPhone."""
    assert (email_text is None) != (phone_text is None), "the edge takes exactly one"
    if email_text is not None:
        return email(email_text)
    assert phone_text is not None
    return phonenumbers_gateway.phone(phone_text)


def parsed(text: str) -> Contact:
    """One that was kept as text."""
    return Phone(text) if text.startswith("+") else Email(text)


def channel(contact: Contact) -> Channel:
    return "email" if isinstance(contact, Email) else "phone"


def sealed(contact: Contact) -> str:
    """One that is not confirmed yet, as it waits beside its code."""
    return seal.sealed(contact.text, _PURPOSE)


def opened(text: str) -> Contact:
    return parsed(seal.opened(text, _PURPOSE))
