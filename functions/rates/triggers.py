"""What wakes rates: the clock. The ECB publishes at about 16:00 CET on working days."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from functions.rates.service import fetching

triggers = Triggers(__name__)


@triggers.schedule("rate(1 hour)")
def rates_fetch(now: datetime) -> None:
    fetching.fetch(now)
