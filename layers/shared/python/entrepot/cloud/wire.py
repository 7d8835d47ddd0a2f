"""Shapes that every context's requests and answers share, and how a request's JSON is read."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, TypeVar

import msgspec

from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Malformed

S = TypeVar("S")

DEEPEST: Final = 32
# A string that never ends is one token too: were it none, each quote in it would be tried as the start of another,
# which takes minutes for a body within the limit.
_TOKENS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_AT: Final = re.compile(r" - at `(.*)`$")
_FIELD: Final = re.compile(r"field `([^`]*)`")


def described(component: str) -> dict[str, str]:
    """The schema of a field whose values the OpenAPI document lists once for all (`infra/openapi.py`)."""
    return {"$ref": f"#/components/schemas/{component}"}


def one_of(*choices: Mapping[str, str | Mapping[str, Any] | None]) -> dict[str, Any]:
    """The schema of a body that takes exactly one of `choices`.

    Args: choices: each, the fields that it needs and their JSON types or schemas; None where a field may stand
        beside them. A field of other choices may not.
    """
    named = {name for fields in choices for name in fields}
    return {
        "oneOf": [
            {
                "required": [name for name, kind in fields.items() if kind],
                "properties": {
                    name: {"type": kind} if isinstance(kind, str) else kind
                    for name in sorted(named)
                    if (kind := fields.get(name, "null"))
                },
            }
            for fields in choices
        ]
    }


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every request body: unknown fields are refused. `kw_only` is not inherited: say it again.

    `SCHEMA`: what the OpenAPI document says of it beside its fields, such as which of them go together.
    """

    SCHEMA: ClassVar[Mapping[str, Any]] = {}


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Base of every answer."""


Amount = Annotated[int, msgspec.Meta(ge=0, le=10**13)]
CurrencyCode = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", extra_json_schema=described("Currency"))]
CountryCode = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", extra_json_schema=described("Country"))]
SkuText = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
IdText = Annotated[str, msgspec.Meta(min_length=5, max_length=64)]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=999)]
# A line of text: what it says ends up on labels, in mails and in tables, so it holds no control characters.
_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f]*\Z"
Line = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]+\Z")
]
Phone = Annotated[str, msgspec.Meta(max_length=30, pattern=_LINE)]
# What is white space differs between Python and ECMA 262 by control characters and U+FEFF: none of them may stand here.
_EMAIL: Final = r"^[^@\s\x00-\x1f\x7f-\x9f\ufeff]+@[^@\s\x00-\x1f\x7f-\x9f\ufeff]+\Z"
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=_EMAIL)]


class MoneyBody(Body, frozen=True):
    """`{amount, currency}` in minor units, not negative."""

    amount: Amount
    currency: CurrencyCode

    def __post_init__(self) -> None:
        self.value  # noqa: B018  the currency is checked while the field's place is still known

    @property
    def value(self) -> Money:
        return Money(self.amount, self.currency)


class AddressBody(Body, frozen=True, kw_only=True):
    """A postal address; `country` in ISO 3166-1 alpha-2, `region` as the country's own code."""

    name: Line
    line1: Line
    line2: Annotated[str, msgspec.Meta(max_length=200, pattern=_LINE)] | None = None
    city: Line
    region: Annotated[str, msgspec.Meta(max_length=50, pattern=_LINE)] | None = None
    postal_code: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=_LINE)]
    country: CountryCode
    phone: Phone | None = None


class SkuLine(Body, frozen=True):
    sku: SkuText
    quantity: Quantity


class InvalidRequest(Malformed):
    code = "invalid_request"
    title = "The request does not have the shape it needs."


def decoded(raw: bytes, decoder: msgspec.json.Decoder[S]) -> S:
    """A body as its struct.

    Raises: Malformed: no JSON, or nested deeper than DEEPEST. InvalidRequest: JSON of another shape; names the field.
    """
    if _depth(raw) > DEEPEST:
        raise Malformed("The body is nested too deeply.")
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("The body is no JSON in UTF-8.") from None


def converted(values: dict[str, str], shape: type[S]) -> S:
    """Query parameters as their struct; texts become numbers where the struct says so.

    Raises: InvalidRequest.
    """
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def invalid(error: msgspec.ValidationError) -> InvalidRequest:
    text = str(error)
    place = _AT.search(text)
    path = place[1].removeprefix("$").removeprefix(".") if place else ""
    named = _FIELD.search(text)
    field = ".".join(part for part in (path, named[1] if named else "") if part)
    return InvalidRequest(_AT.sub("", text), field=field)


def encoded(answer: Any) -> str:
    return msgspec.json.encode(answer).decode()


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for token in _TOKENS.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest
