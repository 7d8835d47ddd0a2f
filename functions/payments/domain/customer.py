"""Whom a provider keeps cards for, and what of a card may be shown."""

from dataclasses import dataclass
from datetime import datetime

from entrepot.kernel.refusals import Kind, NotFound, Refusal


class MembersOnly(Refusal):
    code = "members_only"
    kind = Kind.RULE
    title = "Cards are kept for members only: sign in first."


class CardsOnly(Refusal):
    code = "cards_only"
    kind = Kind.RULE
    title = "Nothing but a card can be kept."


class UnknownCard(Refusal):
    """Another's card is as one that there is not."""

    code = "unknown_payment_method"
    kind = Kind.RULE
    title = "There is no such card among those that are kept for this member."


class NoSuchCard(NotFound):
    """It is not among the member's."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A member as the provider knows them: an id of ours, and nothing else about the person.

    `customer_id` is the key under which the provider makes it, so that it is made once; `reference` is the provider's
    own name for it, "" until that is known. One whose member has left is made for nobody any more.
    """

    customer_id: str
    member_id: str
    created_at: datetime
    reference: str = ""
    left_at: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """What may be shown of a card that the provider keeps. Its number nobody here has ever seen."""

    card_id: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int
