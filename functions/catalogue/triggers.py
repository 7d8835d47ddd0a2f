"""What reaches the catalogue from other contexts."""

from entrepot.cloud.events import Triggers
from entrepot.contracts.inventory import AvailabilityChanged
from functions.catalogue import service

triggers = Triggers(__name__)

catalogue_events = triggers.consumer(
    "catalogue-events", {AvailabilityChanged: service.on_availability_changed}
)
