"""Who may serve a payment: by method, market, currency, amount and day; the cheapest first, who is down left out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from entrepot.kernel.money import Money
from functions.payments.domain.payment import MethodNotAvailable


@dataclass(frozen=True, slots=True)
class Offer:
    """A row of `data/providers.json`: what one provider serves, and what it costs.

    `cost_bp` is in hundredths of a percent of the amount, `cost_fixed` in minor units of its currency. None in
    `currencies` or `markets` is any. `window` is how long the payer has. `limits` are the least and the most amount by
    currency, in minor units; None is no limit, and a currency that is not in them is not served.
    """

    provider: str
    method: str
    currencies: frozenset[str] | None
    markets: frozenset[str] | None
    manual_capture: bool
    window: timedelta
    cost_bp: int
    cost_fixed: int
    holds_from: date
    holds_to: date | None
    limits: Mapping[str, tuple[int, int]] | None = None

    def cost(self, money: Money) -> int:
        """What a payment of that amount would cost, in ten-thousandths of a minor unit, so that nothing is rounded."""
        return money.amount * self.cost_bp + self.cost_fixed * 10_000

    def serves(self, method: str, money: Money, market: str, manual: bool, on: date) -> bool:
        """Args: market: the consignee's country; "" where it is not known, which only rows for any market serve."""
        return (
            self.method == method
            and (self.currencies is None or money.currency in self.currencies)
            and (self.markets is None or market in self.markets)
            and self._within(money)
            and (self.manual_capture or not manual)
            and self.holds_from <= on
            and (self.holds_to is None or on < self.holds_to)
        )

    def _within(self, money: Money) -> bool:
        if self.limits is None:
            return True
        least, most = self.limits.get(money.currency, (1, 0))
        return least <= money.amount <= most


def offers_for(
    book: Iterable[Offer], method: str, money: Money, market: str, manual: bool, on: date
) -> tuple[Offer, ...]:
    """Who serves such a payment, the cheapest first; of equals by name.

    Raises: MethodNotAvailable: nobody does.
    """
    found = [offer for offer in book if offer.serves(method, money, market, manual, on)]
    if not found:
        raise MethodNotAvailable(field="payment.method", method=method)
    return tuple(sorted(found, key=lambda offer: (offer.cost(money), offer.provider)))


def chosen(offers: tuple[Offer, ...], down: Collection[str]) -> Offer:
    """The cheapest that is not known to be down; where all are, the cheapest: it may be up again by then."""
    return next((offer for offer in offers if offer.provider not in down), offers[0])
