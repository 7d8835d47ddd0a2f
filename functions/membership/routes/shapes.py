"""Shapes that several routes of membership take or give."""

from typing import Annotated, ClassVar

import msgspec

from entrepot.cloud.wire import Body, Email, InvalidRequest, Phone, one_of
from functions.membership.domain.members import CODE_DIGITS, PASSWORD_LONGEST, PASSWORD_SHORTEST
from functions.membership.service.contacts import Contact, contact

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=PASSWORD_LONGEST)]
NewPassword = Annotated[str, msgspec.Meta(min_length=PASSWORD_SHORTEST, max_length=PASSWORD_LONGEST)]
Digits = Annotated[str, msgspec.Meta(pattern=rf"^[0-9]{{{CODE_DIGITS}}}\Z")]
Otp = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{6}|[a-z2-7]{5}-?[a-z2-7]{5})\Z")]
Locale = Annotated[str, msgspec.Meta(min_length=2, max_length=35)]
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class ContactBody(Body, frozen=True, kw_only=True):
    """Names an account, or one to be, by exactly one of `email` and `phone` (E.164)."""

    SCHEMA: ClassVar = one_of({"email": "string"}, {"phone": "string"})

    email: Email | None = None
    phone: Phone | None = None

    @property
    def contact(self) -> Contact:
        """Raises: InvalidRequest: none or both are given. InvalidEmail, InvalidPhone."""
        if (self.email is None) == (self.phone is None):
            raise InvalidRequest("Exactly one of email and phone is needed.", field="email")
        return contact(self.email, self.phone)
