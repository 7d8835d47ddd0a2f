"""Events of privacy."""

from typing import ClassVar

from entrepot.contracts.events import Event


class ExportRequested(Event, frozen=True, kw_only=True):
    """A member asks for everything that is held about them."""

    NAME: ClassVar[str] = "privacy.export_requested"
    export_id: str
    member_id: str
