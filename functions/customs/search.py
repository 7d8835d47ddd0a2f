"""What the search worker is asked and answers."""

import msgspec

WORKER = "customs-search"


class Asked(msgspec.Struct, frozen=True):
    """Subheadings for a text, at most `most`."""

    text: str
    most: int


class Found(msgspec.Struct, frozen=True):
    """A subheading, and the words of the text that led to it."""

    hs_code: str
    matched: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """The best comes first."""

    found: tuple[Found, ...]
