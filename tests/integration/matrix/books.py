"""The requests of settlement, of clearing and of rate cards."""

from typing import Final

from functions.logistics import tariffs
from functions.logistics.domain.card_csv import rendered
from tests.integration.matrix.asked import Asked
from tests.integration.matrix.callers import Caller, Names
from tests.integration.matrix.world import World
from tests.support.http import call

_HOLD: Final = {"reason": "the account's owner is being checked"}
_ACCOUNT: Final = {"through": "bank", "holder": "Clay Works", "iban": "DE89370400440532013000"}


def _held(world: World, caller: Caller) -> Names:
    for names in (caller.own, caller.foreign):
        path = f"/v1/merchants/{names['merchant']}/payout-hold"
        answer = call("PUT", path, _HOLD, token=world.shop.operator)
        assert answer.status == 200, answer.text
    return {}


SETTLEMENT: Final = (
    Asked("GET", "/v1/merchants/<merchant>/statements"),
    Asked("GET", "/v1/statements/<statement>"),
    Asked("GET", "/v1/statements/<statement>/csv"),
    Asked("POST", "/v1/statements/<statement>/pdf"),
    Asked("GET", "/v1/statements/<statement>/pdf"),
    Asked("GET", "/v1/merchants/<merchant>/payout-schedule"),
    Asked("PUT", "/v1/merchants/<merchant>/payout-schedule", {"every": "week", "on": 1}),
    Asked("GET", "/v1/merchants/<merchant>/payouts"),
    Asked("GET", "/v1/merchants/<merchant>/payout-destinations"),
    Asked("PUT", "/v1/merchants/<merchant>/payout-destinations/<currency>", _ACCOUNT),
    Asked("GET", "/v1/payout-files"),
    Asked("GET", "/v1/payout-files/<payout_file>"),
    Asked("PUT", "/v1/merchants/<merchant>/payout-hold", _HOLD),
    Asked("DELETE", "/v1/merchants/<merchant>/payout-hold", before=_held),
    Asked("POST", "/v1/payouts/<payout>/outcome", {"status": "sent"}),
    Asked("GET", "/v1/ledger/trial-balance"),
    Asked("GET", "/v1/ledger/entries/<entry>"),
    Asked("POST", "/v1/ledger/entries/<entry>/reversal"),
    Asked("GET", "/v1/ledger/accounts/<account>/entries?day=<day>"),
)
CLEARING: Final = (
    Asked("GET", "/v1/clearing/reports?source=bank"),
    Asked("GET", "/v1/clearing/reports/<balance>/<day>"),
    Asked("GET", "/v1/clearing/reports/<balance>/<day>/csv"),
    Asked("GET", "/v1/clearing/breaks"),
    Asked("POST", "/v1/clearing/breaks/<break>/take", {}),
    Asked(
        "POST", "/v1/clearing/breaks/<break>/resolution", {"reason": "fee", "note": "the bank's own price"}
    ),
)
RATE_CARDS: Final = (
    Asked("POST", "/v1/rate-cards/imports", {"csv": rendered(tariffs.all_rate_cards()[:1]), "dry_run": True}),
    Asked("GET", "/v1/rate-cards"),
)
