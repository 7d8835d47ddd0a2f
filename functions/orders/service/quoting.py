"""Quotes: the one place where goods, freight, duty, tax and currency are composed into one price."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final, Literal

from entrepot.cloud import writes
from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Kind, NotFound, Refusal
from functions.inventory import facade as inventory
from functions.logistics import facade as logistics
from functions.orders import store
from functions.orders.domain.quote import (
    MOST_PARCELS,
    VALID,
    NotOnSale,
    Option,
    Quote,
    QuoteLine,
    Shelving,
    TooManyParcels,
    UsedRate,
)
from functions.orders.service import finding, identity, limits, people, sourcing
from functions.orders.service.carts import Caller
from functions.orders.service.consigning import Choice, Desk, Part, Wish
from functions.payments import facade as payments
from functions.rates import facade as rates

_MOST_OPTIONS: Final = 6


class UnknownCurrency(Refusal):
    code = "unknown_currency"
    kind = Kind.RULE
    title = "This is no currency of ISO 4217."


def quote(wish: Wish, caller: Caller, now: datetime) -> Quote:
    """A firm quote with at most six options.

    Raises: NotFound, EmptyCart, TooManyLines, NotOnSale, OutOfStock, PurchaseLimitReached, TooManyLimited,
        UnknownCurrency, TooManyParcels; what customs, logistics, rates and payments refuse; nothing is written then.
    """
    if wish.currency not in EXPONENTS:
        raise UnknownCurrency(field="currency", currency=wish.currency)
    importer, quota = identity.checked(wish.importer, wish.ship_to.country, now)
    wanted = finding.wanted_units(wish.cart_id, wish.lines, caller)
    try:
        found = finding.found(wanted, wish.ship_to.country, quota, consistent=False)
    except (NotFound, NotOnSale, inventory.OutOfStock):
        # Nobody is refused for what an eventually consistent read has not seen yet.
        found = finding.found(wanted, wish.ship_to.country, quota, consistent=True)
    limits.checked(wanted, found.offers)
    desk = Desk(
        wish,
        found,
        _importing(wish) if importer else None,
        sum(wanted.values()),
        rates.book(now.date(), wish.ship_to.country),
        now,
    )
    options = _options(desk, wanted)
    quote_id = new_id("quo", now)
    made = Quote(
        quote_id=quote_id,
        member_id=caller.member_id,
        created_at=now,
        expires_at=now + VALID,
        currency=wish.currency,
        ship_to=people.sealed_address(wish.ship_to, quote_id),
        country=wish.ship_to.country,
        region=wish.ship_to.region,
        options=options,
        shelving=tuple(map(_shelving, _sources(desk, options))),
        rates=desk.rates.citation,
        importer=importer,
        used_rates=tuple(map(_used, desk.rates.locks)),
    )
    writes.commit(*store.create_quote(made))
    return made


def _importing(wish: Wish) -> Literal["person", "enterprise"]:
    return "person" if wish.importer is None or wish.importer.is_person else "enterprise"


def _options(desk: Desk, wanted: Mapping[str, int]) -> tuple[Option, ...]:
    combined: dict[tuple[Choice, ...], None] = {}
    for plan in _plans(desk):
        consignments = sourcing.consignments(plan)
        ways = [desk.ways(consignment) for consignment in consignments]
        for chosen in sourcing.combinations(ways, desk.in_currency, _MOST_OPTIONS):
            choices = (Choice(parcel, way) for parcel, way in zip(consignments, chosen, strict=True))
            combined[tuple(choices)] = None
    return _shown(_labelled(desk, _allowed(desk, combined, wanted)))


def _allowed(desk: Desk, combined: Iterable[tuple[Choice, ...]], wanted: Mapping[str, int]) -> list[Option]:
    """The options that no rule refuses. Raises: the first reason, where all are refused."""
    options, refused = [], []
    for choices in combined:
        try:
            option = _option(desk, choices, wanted)
            payments.chargeable(option.total)
        except Refusal as refusal:
            if refusal.kind is not Kind.RULE:
                raise
            refused.append(refusal)
        else:
            options.append(option)
    if not options:
        raise refused[0]
    return options


def _labelled(desk: Desk, options: Sequence[Option]) -> list[Option]:
    """What each option is the best for, by what the buyer bears in all and by when it arrives."""
    offers = [logistics.Offer(o.borne.amount, o.promise.earliest, o.promise.latest) for o in options]
    labels = logistics.ranked(offers, desk.now.date())
    return [
        replace(option, recommended=named) if named else option
        for option, named in zip(options, labels, strict=True)
    ]


def _sources(desk: Desk, options: Sequence[Option]) -> list[sourcing.Source]:
    """Where the lines of these options may come from, each place once."""
    used = {
        (line.sku, parcel.warehouse_id)
        for option in options
        for parcel in option.parcels
        for line in parcel.lines
    }
    found: dict[tuple[str, str], sourcing.Source] = {}
    for merchant in desk.found.candidates:
        for plan in merchant:
            for source in plan:
                found.setdefault((source.sku, source.place.warehouse_id), source)
    return [source for key, source in found.items() if key in used]


def _plans(desk: Desk) -> list[sourcing.Plan]:
    """From where the lines come: the plan that costs least all in, and the one that arrives first.

    Raises: TooManyParcels. What logistics and customs refuse, where they refuse every candidate of a merchant.
    """
    weighed = [_weighed(desk, merchant) for merchant in desk.found.candidates]
    cheapest = sourcing.joined(min(each, key=lambda one: one.cost) for each in weighed)
    fastest = sourcing.joined(min(each, key=lambda one: (one.latest, one.cost)) for each in weighed)
    fewest = sourcing.joined(min(each, key=lambda one: (one.parcels, one.cost)) for each in weighed)
    fitting = [plan for plan in (cheapest, fastest) if sourcing.fits(plan, MOST_PARCELS)] or [fewest]
    if not sourcing.fits(fitting[0], MOST_PARCELS):
        raise TooManyParcels(field="lines", limit=MOST_PARCELS)
    return list(dict.fromkeys(fitting))


def _weighed(desk: Desk, candidates: Sequence[sourcing.Plan]) -> list[sourcing.Weighed]:
    """Candidates by what they cost sent the cheapest way, and by when they arrive sent the fastest."""
    if len(candidates) == 1:
        return [sourcing.Weighed(candidates[0], 0, date.max, 0)]
    found, refused = [], []
    for plan in candidates:
        try:
            found.append(_weighed_one(desk, plan))
        except Refusal as refusal:
            if refusal.kind is not Kind.RULE:
                raise
            refused.append(refusal)
    if not found:
        raise refused[0]
    return found


def _weighed_one(desk: Desk, plan: sourcing.Plan) -> sourcing.Weighed:
    consignments = sourcing.consignments(plan)
    latest, cost = date.min, 0
    for consignment in consignments:
        latest = max(latest, desk.best_way(consignment, lambda way: way.promise.latest).promise.latest)
        cheapest = desk.best_way(consignment, lambda way: desk.in_currency(way.price).amount)
        part = desk.consigned(Choice(consignment, cheapest), 0)
        cost += sum(line.total.amount for line in part.lines)
        cost += sum(left.amount.amount for left in part.not_included if left.amount is not None)
    return sourcing.Weighed(plan, cost, latest, len(consignments))


def _option(desk: Desk, choices: Sequence[Choice], wanted: Mapping[str, int]) -> Option:
    parts: list[Part] = []
    for choice in choices:
        # What the parcels before use of the importer's quota is used up for the next one.
        parts.append(desk.consigned(choice, sum(part.quota_fen for part in parts)))
    lines: dict[str, QuoteLine] = {}
    for line in (line for part in parts for line in part.lines):
        lines[line.sku] = lines[line.sku].joined(line) if line.sku in lines else line
    # A notice that holds for several parcels is said once.
    notices = dict.fromkeys(notice for part in parts for notice in part.not_included)
    return Option(
        option_id=new_id("opt", desk.now),
        parcels=tuple(part.parcel for part in parts),
        lines=tuple(lines[sku] for sku in wanted),
        not_included=tuple(notices),
        explain=tuple(entry for part in parts for entry in part.explain),
        quota_fen=sum(part.quota_fen for part in parts),
    )


def _shown(options: Sequence[Option]) -> tuple[Option, ...]:
    """The recommended options and the cheapest of the others, at most as many as are shown; the cheapest first."""
    priced = [(option.total.amount, option.promise.latest, option) for option in options]
    best_first = sorted(priced, key=lambda each: (not each[2].recommended, each[0]))
    return tuple(option for *_, option in sorted(best_first[:_MOST_OPTIONS], key=lambda each: each[:2]))


def _used(lock: rates.RateLock) -> UsedRate:
    return UsedRate(
        lock.currency,
        lock.into,
        lock.reference,
        lock.applied,
        lock.spread_basis_points,
        lock.source,
        lock.date,
    )


def _shelving(source: sourcing.Source) -> Shelving:
    place = source.place
    return Shelving(
        source.sku, source.merchant_id, place.warehouse_id, place.country, place.mode.value, place.buckets
    )
