"""The webhooks of carriers, and rate cards. Shipments are shown by orders, which know who may see them."""

from datetime import date
from typing import Annotated

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.cloud.wire import Body, View
from entrepot.contracts.permissions import PUBLIC
from functions.logistics import importing, service
from functions.logistics.domain.cards import RateCard

api = Api(__name__)


class Received(View, frozen=True):
    received: bool


@api.post("/v1/webhooks/carriers/{source}", allow=PUBLIC, webhook=True)
def carrier_webhook(call: Call, source: str) -> Received:
    service.receive(source, call.headers, call.raw, call.now)
    return Received(received=True)


class ImportBody(Body, frozen=True, kw_only=True):
    """`csv`: a zone or a remote area in each row, below the header of rate cards. `dry_run` stores nothing."""

    csv: Annotated[str, msgspec.Meta(min_length=1, max_length=256 * 1024)]
    dry_run: bool = False


class CardChangeView(View, frozen=True):
    """`change` is "new", "ended" or "unchanged"."""

    card_id: str
    change: str


class ImportView(View, frozen=True):
    """`version` counts the imports that changed something."""

    version: int
    dry_run: bool
    changed: bool
    cards: list[CardChangeView]


class RateCardView(View, frozen=True):
    card_id: str
    carrier: str
    service: str
    currency: str
    origin_countries: list[str]
    modes: list[str]
    valid_from: date
    valid_to: date
    zones: int
    remote_areas: int
    imported: bool
    source: str


class RateCardsView(View, frozen=True):
    data: list[RateCardView]
    next_cursor: str | None
    version: int


@api.post("/v1/rate-cards/imports", allow="rate_cards.write", refuses=(409, 422))
def import_rate_cards(call: Call, body: ImportBody) -> ImportView:
    made = importing.import_cards(body.csv, dry_run=body.dry_run)
    return ImportView(
        version=made.version,
        dry_run=body.dry_run,
        changed=made.changed,
        cards=[CardChangeView(card_id=card_id, change=change) for card_id, change in made.cards],
    )


@api.get("/v1/rate-cards", allow="rate_cards.read")
def list_rate_cards(call: Call) -> RateCardsView:
    book, imported = importing.listed()
    cards = sorted(book.cards, key=lambda card: card.card_id)
    return RateCardsView(
        data=[_card_view(card, card.card_id in imported) for card in cards],
        next_cursor=None,
        version=book.version,
    )


def _card_view(card: RateCard, imported: bool) -> RateCardView:
    return RateCardView(
        card_id=card.card_id,
        carrier=card.carrier,
        service=card.service,
        currency=card.currency,
        origin_countries=list(card.origin_countries),
        modes=list(card.modes),
        valid_from=card.valid_from,
        valid_to=card.valid_to,
        zones=len(card.zones),
        remote_areas=len(card.remote_areas),
        imported=imported,
        source=card.source,
    )
