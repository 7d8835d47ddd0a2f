"""What wakes privacy: somebody asks for an export, somebody has left, and the clock."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from entrepot.contracts.membership import MemberErased
from entrepot.contracts.privacy import ExportRequested
from functions.privacy.service import erasing, exporting

triggers = Triggers(__name__)

privacy_events = triggers.consumer(
    "privacy-events",
    {ExportRequested: exporting.on_export_requested, MemberErased: exporting.on_member_erased},
)


@triggers.schedule("rate(1 hour)")
def privacy_looks(now: datetime) -> None:
    erasing.look(now)
