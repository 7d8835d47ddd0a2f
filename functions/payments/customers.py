"""Cards that the provider keeps for members: who is whom there, which cards there are, and their end.

What is intended is recorded before the provider is called, and our own id is the key of that call: two at once, or a
repetition after a crash, make one customer. The provider is asked which cards there are each time, so that nothing of a
card lies here.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from entrepot.cloud import audit, reads, telemetry, writes
from entrepot.cloud.writes import Write
from entrepot.contracts.membership import MemberErased
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy
from functions.payments import customer_store, providers
from functions.payments.domain.customer import (
    Card,
    CardsOnly,
    Customer,
    MembersOnly,
    NoSuchCard,
    UnknownCard,
)
from functions.payments.gateway import Declined, Keeper, ProviderUnavailable

_TRIES: Final = 5
_KEYS_LAST: Final = timedelta(hours=20)
"""Stripe forgets a key after a day at the earliest; a customer intended before that is looked for, not made again."""


def payer(method: str, member_id: str | None, keep: bool, card_id: str | None, now: datetime) -> str:
    """For whom a payment is made at the provider: a member whose card is to be kept, or was; else "".

    The provider out of reach, a chosen card is taken on trust: the provider itself refuses another's.
    Raises: CardsOnly, MembersOnly, UnknownCard.
    """
    if not keep and not card_id:
        return ""
    if method != "card":
        raise CardsOnly(field="payment.method")
    if member_id is None:
        raise MembersOnly(field="payment")
    if card_id:
        try:
            known = any(card.card_id == card_id for card in cards(member_id, now))
        except ProviderUnavailable:
            telemetry.log("card_taken_on_trust", level="warning", member_id=member_id)
            return member_id
        if not known:
            raise UnknownCard(field="payment.payment_method_id")
    return member_id


def ensured(member_id: str, now: datetime) -> str:
    """The provider's name for a member, who is made its customer unless they were.

    Raises: Declined: the member has left. ProviderUnavailable, Busy.
    """
    for _ in range(_TRIES):
        customer = _held(member_id)
        try:
            if customer is None:
                customer = Customer(new_id("cst", now), member_id, now)
                writes.commit(customer_store.intended(customer))
            if customer.left_at:
                raise Declined("member_left")
            if customer.reference:
                return customer.reference
            reference = _made(providers.keeper(now), customer, now)
            writes.commit(customer_store.saved(customer, replace(customer, reference=reference)))
        except customer_store.CustomerChanged:
            continue
        return reference
    raise Busy


def cards(member_id: str, now: datetime) -> tuple[Card, ...]:
    """The cards that are kept for a member, the newest first. Raises: ProviderUnavailable."""
    customer = _held(member_id)
    if customer is None or not customer.reference:
        return ()
    return providers.keeper(now).cards(customer.reference)


def remove(member_id: str, card_id: str, now: datetime) -> None:
    """Have a card of one's own forgotten. Raises: NoSuchCard, ProviderUnavailable."""
    if all(card.card_id != card_id for card in cards(member_id, now)):
        raise NoSuchCard
    audit.commit("card.remove", member_id)
    try:
        providers.keeper(now).remove(card_id)
    except Declined:
        # Asked for twice at once: the other request has done it.
        if any(card.card_id == card_id for card in cards(member_id, now)):
            raise


def on_member_erased(event: MemberErased, handled: Write, now: datetime) -> None:
    """The mark that they have left comes first: from then on nobody is made for them at the provider.

    Raises: ProviderUnavailable: to be told again; Busy.
    """
    customer = _left(event.member_id, now)
    if customer is None:
        writes.commit(handled)
        return
    keeper = providers.keeper(now)
    # Whoever died between the call and its record left one behind: the same key brings it back, to be deleted.
    keeper.forget(customer.reference or _made(keeper, customer, now))
    gone = replace(customer, reference="", customer_id="")
    writes.commit(handled, customer_store.saved(customer, gone))


def left_of(member_id: str) -> list[str]:
    """What the provider still keeps for a member, in a word."""
    customer = _held(member_id)
    return ["kept cards"] if customer is not None and customer.customer_id else []


def _left(member_id: str, now: datetime) -> Customer | None:
    """The customer with the mark, where the provider may know one. Raises: Busy."""
    for _ in range(_TRIES):
        customer = _held(member_id)
        if customer is None or not customer.customer_id:
            return None
        if customer.left_at:
            return customer
        try:
            writes.commit(customer_store.saved(customer, replace(customer, left_at=now)))
        except customer_store.CustomerChanged:
            continue
    raise Busy


def _made(keeper: Keeper, customer: Customer, now: datetime) -> str:
    if now - customer.created_at > _KEYS_LAST:
        known = keeper.found(customer.customer_id)
        if known is not None:
            return known
    return keeper.opened(customer)


def _held(member_id: str) -> Customer | None:
    return reads.fetch_one(customer_store.customer_read(member_id), consistent=True)
