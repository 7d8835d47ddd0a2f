"""The consumer of the queue of scans."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from functions.logistics import service

triggers = Triggers(__name__)


@triggers.messages(service.SCANS_QUEUE)
def logistics_scans(body: str, now: datetime) -> None:
    service.take_message(body, now)
