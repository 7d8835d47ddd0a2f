"""The webhooks of carriers. Shipments are shown by orders, which know who may see them."""

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.cloud.wire import View
from entrepot.contracts.permissions import PUBLIC
from functions.logistics import service

api = Api(__name__)


class Received(View, frozen=True):
    received: bool


@api.post("/v1/webhooks/carriers/{source}", allow=PUBLIC, webhook=True)
def carrier_webhook(call: Call, source: str) -> Received:
    service.receive(source, call.headers, call.raw, call.now)
    return Received(received=True)
