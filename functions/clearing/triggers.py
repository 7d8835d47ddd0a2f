"""What wakes clearing: the clock once a day, then its own queue."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from functions.clearing.service import jobs

triggers = Triggers(__name__)


@triggers.messages(jobs.QUEUE)
def clearing_jobs(body: str, now: datetime) -> None:
    jobs.take(body, now)


@triggers.schedule("rate(1 day)")
def clearing_run(now: datetime) -> None:
    jobs.scheduled(now)
