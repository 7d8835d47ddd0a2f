"""Where providers tell us what happened, where members see their cards, and where an operator brings statements."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.cloud.wire import Body, View
from entrepot.contracts.permissions import ANY, PUBLIC
from entrepot.kernel.money import Money
from functions.payments import customers, statements, webhooks
from functions.payments.domain.bank import Kind

api = Api(__name__)


class Received(View, frozen=True):
    received: bool


@api.post("/v1/webhooks/stripe", allow=PUBLIC, webhook=True)
def stripe_webhook(call: Call) -> Received:
    webhooks.receive("stripe", call.raw, call.headers, call.now)
    return Received(received=True)


@api.post("/v1/webhooks/btcpay", allow=PUBLIC, webhook=True)
def btcpay_webhook(call: Call) -> Received:
    webhooks.receive("btcpay", call.raw, call.headers, call.now)
    return Received(received=True)


class CardView(View, frozen=True):
    """A card that is kept for later orders. `expiry_year` has four digits."""

    id: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int


class CardsView(View, frozen=True):
    data: list[CardView]
    next_cursor: str | None


class StatementBody(Body, frozen=True):
    """`content` is the file in base64."""

    format: Literal["camt.053", "mt940"]
    content: Annotated[str, msgspec.Meta(min_length=4, max_length=statements.MOST_CHARACTERS)]


class StatementView(View, frozen=True):
    id: str
    status: str


class WorkQuery(Body, frozen=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 24
    cursor: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class SuggestionView(View, frozen=True):
    """`likeness` of the reference to what the payer wrote: 0 to 100."""

    reference: str
    likeness: int


class WorkView(View, frozen=True):
    """An entry that nobody could be found for ("unmatched"), or money to transfer back ("return") or to be claimed.

    A transfer back names `return_text` in its remittance information, by which the statement ends it. A "claim" is made
    by the buyer at `url`, who has to be told of it; it ends when it was paid out. Without `url` the server has
    refused to open it, and is asked again.
    """

    id: str
    kind: str
    reason: str
    money: Money
    at: datetime
    reference: str | None
    booked_on: date | None
    text: str | None
    return_text: str | None
    url: str | None
    suggestions: list[SuggestionView]


class WorkListView(View, frozen=True):
    data: list[WorkView]
    next_cursor: str | None


class AssignBody(Body, frozen=True):
    reference: Annotated[str, msgspec.Meta(pattern=r"^RF[0-9]{2}[0-9A-Z]{1,21}\Z")]


class AssignedView(View, frozen=True):
    reference: str
    payment_id: str
    received: int
    paid: bool


@api.get("/v1/me/payment-methods", allow=ANY)
def list_cards(call: Call) -> CardsView:
    """Those that were kept at a checkout, the newest first."""
    found = customers.cards(call.member.member_id, call.now)
    data = [
        CardView(
            id=card.card_id,
            brand=card.brand,
            last4=card.last4,
            expiry_month=card.expiry_month,
            expiry_year=card.expiry_year,
        )
        for card in found
    ]
    return CardsView(data=data, next_cursor=None)


@api.delete("/v1/me/payment-methods/{card_id}", allow=ANY, status=204)
def remove_card(call: Call, card_id: str) -> None:
    customers.remove(call.member.member_id, card_id, call.now)


@api.post("/v1/bank-statements", allow="bank.write", status=202, refuses=(422,))
def import_statement(call: Call, body: StatementBody) -> StatementView:
    return StatementView(id=statements.submit(body.format, body.content, call.now), status="queued")


@api.get("/v1/bank-statements/unmatched", allow="bank.read", query=WorkQuery)
def list_unmatched(call: Call) -> WorkListView:
    wanted: WorkQuery = call.query
    page = statements.unmatched(wanted.limit, call.after(wanted.cursor, "bank-work"))
    return WorkListView(
        data=[_work_view(each) for each in page.items], next_cursor=call.cursor(page.next_key, "bank-work")
    )


@api.post("/v1/bank-statements/unmatched/{item_id}/assign", allow="bank.write", refuses=(409, 422))
def assign_entry(call: Call, body: AssignBody, item_id: str) -> AssignedView:
    due = statements.assign(item_id, body.reference, call.now)
    return AssignedView(
        reference=due.reference,
        payment_id=due.payment_id,
        received=due.received,
        paid=due.paid_at is not None,
    )


def _work_view(each: statements.Open) -> WorkView:
    item, entry = each.work, each.work.entry
    return WorkView(
        id=item.item_id,
        kind=item.kind.value,
        reason=item.reason,
        money=item.money,
        at=item.at,
        reference=item.reference or None,
        booked_on=entry.booked_on if entry else None,
        text=entry.text if entry else None,
        return_text=item.item_id.rpartition("_")[2] if item.kind is Kind.RETURN else None,
        url=item.link or None,
        suggestions=[SuggestionView(reference=s.reference, likeness=s.likeness) for s in each.suggestions],
    )
