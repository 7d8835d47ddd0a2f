"""Phone numbers, as E.164 writes them. Which text spells one is `phonenumbers_gateway`'s to say."""

from dataclasses import dataclass

from entrepot.kernel.refusals import Kind, Refusal


class InvalidPhone(Refusal):
    code = "invalid_phone"
    kind = Kind.MALFORMED
    title = "This is no mobile number with its country code, such as +49 1512 3456789."


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that a text message can be sent to, such as +4915123456789."""

    text: str

    @property
    def lookup(self) -> str:
        return self.text
