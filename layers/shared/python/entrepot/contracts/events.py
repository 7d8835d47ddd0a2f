"""What every published event has, and how it is written and read."""

from datetime import datetime
from typing import ClassVar, TypeVar

import msgspec

E = TypeVar("E", bound="Event")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event: past tense, flat, versioned, self-sufficient in ids, states and amounts.

    It carries no personal data. A field is added with a default; one that is renamed or dropped is a new version.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1

    event_id: str
    occurred_at: datetime


def encoded(event: Event) -> str:
    """The event as the JSON that is published: its fields, and `event` and `version` beside them."""
    fields = {"event": event.NAME, "version": event.VERSION, **msgspec.to_builtins(event)}
    return msgspec.json.encode(fields).decode()


def decoded(kind: type[E], body: str | bytes) -> E:
    """An event read from its JSON; fields that this version does not know are passed over.

    Raises: msgspec.ValidationError: it is no such event.
    """
    return msgspec.json.decode(body, type=kind)
