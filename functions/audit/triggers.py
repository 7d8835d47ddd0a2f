"""Once a day, what was written the day before is checked."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from functions.audit import service

triggers = Triggers(__name__)


@triggers.schedule("rate(1 day)")
def audit_check(now: datetime) -> None:
    service.check_yesterday(now)
