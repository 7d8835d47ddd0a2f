"""Phone numbers through phonenumberslite (Google's numbering plans), imported only where a number is read."""

from functions.membership.domain.phones import InvalidPhone, Phone


def phone(text: str) -> Phone:
    """The mobile number that `text` spells, with the code of its country.

    Numbers that cannot take a text message, or that cost their caller extra, are refused: whoever asks for a code
    to be sent does not pay for it.

    Raises: InvalidPhone.
    """
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

    if not text.isascii() or not text.startswith("+"):
        raise InvalidPhone(field="phone")
    try:
        number = phonenumbers.parse(text)
    except NumberParseException:
        raise InvalidPhone(field="phone") from None
    texted = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if number.extension or phonenumbers.number_type(number) not in texted:
        raise InvalidPhone(field="phone")
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def reachable(text: str) -> str:
    """Any number that a courier can call, in E.164. Raises: InvalidPhone."""
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberFormat

    try:
        number = phonenumbers.parse(text)
    except NumberParseException:
        raise InvalidPhone(field="phone") from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidPhone(field="phone")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
