"""What logistics hears: scans of carriers, and that an order has forgotten its buyer."""

from datetime import datetime

from entrepot.cloud.events import Triggers
from entrepot.contracts.orders import BuyerForgotten
from functions.logistics import service

triggers = Triggers(__name__)

logistics_events = triggers.consumer("logistics-events", {BuyerForgotten: service.on_buyer_forgotten})


@triggers.messages(service.SCANS_QUEUE)
def logistics_scans(body: str, now: datetime) -> None:
    service.take_message(body, now)
