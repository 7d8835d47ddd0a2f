"""Rows of DynamoDB as pynamodb models, all over one client.

A context has one table with the keys `pk` and `sk`; each of its models says in its docstring how it is reached
and the unit of each number. What an aggregate holds beside its keys and conditions is one `Document`.
"""

from typing import Any, Generic, TypeVar

import msgspec
from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.constants import STRING
from pynamodb.models import Model

from entrepot.cloud import dynamo

T = TypeVar("T")

Text = UnicodeAttribute


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
    made.attribute_values = {
        name: attribute.deserialize(attribute.get_value(value))
        for name, attribute in row.get_attributes().items()
        if (value := raw.get(attribute.attr_name)) is not None and "NULL" not in value
    }
    return made
