"""The one path of payments: where Stripe tells us what happened."""

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.cloud.wire import View
from entrepot.contracts.permissions import PUBLIC
from functions.payments import webhooks

api = Api(__name__)


class Received(View, frozen=True):
    received: bool


@api.post("/v1/webhooks/stripe", allow=PUBLIC, webhook=True)
def stripe_webhook(call: Call) -> Received:
    webhooks.receive(call.raw, call.headers.get("stripe-signature", ""), call.now)
    return Received(received=True)
