"""Shapes that several routes of membership take or give."""

from typing import Annotated

import msgspec

from functions.membership.domain.members import CODE_DIGITS, PASSWORD_LONGEST, PASSWORD_SHORTEST

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=PASSWORD_LONGEST)]
NewPassword = Annotated[str, msgspec.Meta(min_length=PASSWORD_SHORTEST, max_length=PASSWORD_LONGEST)]
Digits = Annotated[str, msgspec.Meta(pattern=rf"^[0-9]{{{CODE_DIGITS}}}\Z")]
Locale = Annotated[str, msgspec.Meta(min_length=2, max_length=35)]
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
