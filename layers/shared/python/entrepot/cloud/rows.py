"""Rows of DynamoDB as pynamodb models, all over one client.

A context has one table with the keys `pk` and `sk`; each of its models says in its docstring how it is reached
and the unit of each number. What an aggregate holds beside its keys and conditions is one `Document`.
"""

import zlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Generic, TypeVar

import msgspec

from entrepot.cloud import dynamo
from entrepot.cloud.pynamo import (
    BINARY,
    STRING,
    Attribute,
    Connection,
    Model,
    NumberAttribute,
    TableConnection,
    UnicodeAttribute,
)

T = TypeVar("T")

Text = UnicodeAttribute
_FAST: Final = 1
"""Of zlib's levels: the higher ones take twice as long for a fifth less."""


class Number(NumberAttribute):
    """Whole numbers only: int is exact, a Decimal raises."""

    def deserialize(self, value: str) -> int:
        # pynamodb's own takes a number for JSON, which costs six times as much.
        return int(value)


class Document(Attribute[T], Generic[T]):
    """A frozen dataclass, or any type msgspec knows, as JSON text in one attribute."""

    attr_type = STRING

    def __init__(self, shape: Any, **options: Any) -> None:
        super().__init__(**options)
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)

    def serialize(self, value: T) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> T:
        return self._decoder.decode(value)


class Packed(Document[T]):
    """A document that says many things many times, deflated: DynamoDB charges a write by the whole item's size.

    Rows written before as plain text are read as well.
    """

    attr_type = BINARY

    def serialize(self, value: T) -> Any:
        return zlib.compress(msgspec.json.encode(value), _FAST)

    def deserialize(self, value: Any) -> T:
        return self._decoder.decode(value if isinstance(value, str) else zlib.decompress(value))

    def get_value(self, value: dict[str, Any]) -> Any:
        return value[STRING] if STRING in value else super().get_value(value)


class _SharedConnection(Connection):
    """Builds pynamodb's requests; what is sent goes through `dynamo.call`."""

    def _make_api_call(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        return dynamo.call(operation_name, **operation_kwargs)


class Row(Model):
    """Base of every row. A subclass names its table: `class Meta: table_name = aws.name("orders")`."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        # pynamodb gives each model a session and a client of its own, which costs a second of start for ten
        # tables; here they share one.
        if cls._connection is None:
            connection = super()._get_connection()
            shared = _SharedConnection()
            shared._tables = connection.connection._tables
            connection.connection = shared
        assert cls._connection is not None
        return cls._connection


def table_name(row: type[Row]) -> str:
    name: str = row.Meta.table_name
    return name


def parsed(row: type[Row], raw: dict[str, Any]) -> Any:
    """A row from DynamoDB's own notation: what `from_raw_data` gives, at a fraction of its cost.

    That one sets each attribute twice through a descriptor, for defaults and subclasses, and rows have neither.
    """
    made = row.__new__(row)
    made.attribute_values = values = {}
    for name, attribute, stored_as, kind, read in _attributes(row):
        value = raw.get(stored_as)
        if value is None or "NULL" in value:
            continue
        # What is of another type than the row says is the attribute's own to refuse.
        values[name] = read(value[kind] if kind in value else attribute.get_value(value))
    return made


@cache
def _attributes(row: type[Row]) -> tuple[tuple[str, Any, str, str, Callable[[Any], Any]], ...]:
    """Of each attribute: its name, itself, under which name and type it is stored, and what reads it."""
    return tuple(
        (name, attribute, attribute.attr_name, attribute.attr_type, attribute.deserialize)
        for name, attribute in row.get_attributes().items()
    )
