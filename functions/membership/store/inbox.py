"""What consumers have handled before."""

from entrepot.cloud.reads import Read
from entrepot.cloud.writes import Write


def handled_read(handled: Write) -> Read[bool]:
    """Whether a consumer has handled an event before, seen from the write that is to say so."""
    return Read(type(handled.row), handled.row.pk, handled.row.sk, lambda _: True)
