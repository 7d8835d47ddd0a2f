"""What happened to a merchant's share of an order, and what of it is to be settled."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from entrepot.kernel.money import Money


class Liable(StrEnum):
    """Who owes a tax to its authority."""

    PLATFORM = "platform"
    SELLER = "seller"


@dataclass(frozen=True, slots=True)
class Tax:
    authority: str
    amount: int
    liable: Liable


@dataclass(frozen=True, slots=True)
class CompletedShare:
    """A share that may be settled; amounts in minor units of the order's currency.

    `goods` is after discounts, `paid` is goods + freight + taxes, `refunded` is what of it went back before.
    """

    order_id: str
    merchant_id: str
    currency: str
    goods: int
    freight: int
    taxes: tuple[Tax, ...]
    refunded: int
    paid: int

    def money(self, amount: int) -> Money:
        return Money(amount, self.currency)

    @property
    def seller_taxes(self) -> int:
        """Taxes that the merchant is paid, because it owes them itself."""
        return sum(tax.amount for tax in self.taxes if tax.liable is Liable.SELLER)

    @property
    def payable(self) -> int:
        """What the merchant is owed. A refund is the merchant's to bear in full, so this may be negative."""
        return self.goods + self.seller_taxes - self.refunded


class LineKind(StrEnum):
    SHARE = "share"
    REFUND = "refund"
    RETURNED_PAYOUT = "returned_payout"
    RELEASED_RESERVE = "released_reserve"


@dataclass(frozen=True, slots=True)
class PendingLine:
    """Something to be settled with a merchant, in minor units of the order's currency.

    `amount` is what it adds to what the merchant is owed, `commissionable` what it adds to the goods that
    commission is taken on (both negative for a refund), `paid` what the payment fee is taken on.
    """

    kind: LineKind
    order_id: str
    merchant_id: str
    fact: str
    entry_id: str
    occurred_at: datetime  # UTC
    currency: str
    goods: int
    seller_taxes: int
    refunded: int
    paid: int
    commissionable: int
    returned: int = 0  # of a payout that came back, or of a reserve let go, in its own currency

    @property
    def amount(self) -> int:
        return self.goods + self.seller_taxes + self.returned - self.refunded


@dataclass(frozen=True, slots=True)
class ShareState:
    """Of one share, all goods that completed and all refunds, whichever of the two is heard of first."""

    goods: int = 0
    refunded: int = 0
    revision: int = 0

    @property
    def commissionable(self) -> int:
        """Commission is taken on goods after refunds, never on less than nothing."""
        return max(0, self.goods - self.refunded)

    def completed(self, share: CompletedShare) -> "ShareState":
        return replace(
            self, goods=share.goods, refunded=self.refunded + share.refunded, revision=self.revision + 1
        )

    def refund(self, amount: int) -> "ShareState":
        return replace(self, refunded=self.refunded + amount, revision=self.revision + 1)


def pending_share(
    share: CompletedShare, fact: str, entry_id: str, at: datetime, before: ShareState
) -> PendingLine:
    return PendingLine(
        kind=LineKind.SHARE,
        order_id=share.order_id,
        merchant_id=share.merchant_id,
        fact=fact,
        entry_id=entry_id,
        occurred_at=at,
        currency=share.currency,
        goods=share.goods,
        seller_taxes=share.seller_taxes,
        refunded=share.refunded,
        paid=share.paid,
        commissionable=before.completed(share).commissionable - before.commissionable,
    )


def pending_refund(
    order_id: str,
    merchant_id: str,
    amount: Money,
    fact: str,
    entry_id: str,
    at: datetime,
    before: ShareState,
) -> PendingLine:
    return PendingLine(
        kind=LineKind.REFUND,
        order_id=order_id,
        merchant_id=merchant_id,
        fact=fact,
        entry_id=entry_id,
        occurred_at=at,
        currency=amount.currency,
        goods=0,
        seller_taxes=0,
        refunded=amount.amount,
        paid=0,
        commissionable=before.refund(amount.amount).commissionable - before.commissionable,
    )


def pending_return(merchant_id: str, amount: Money, fact: str, entry_id: str, at: datetime) -> PendingLine:
    """A payout that came back: owed again, without any charge."""
    return _owed_again(LineKind.RETURNED_PAYOUT, merchant_id, amount, fact, entry_id, at)


def pending_release(merchant_id: str, amount: Money, fact: str, entry_id: str, at: datetime) -> PendingLine:
    """A reserve that is held no longer: owed now, without any charge."""
    return _owed_again(LineKind.RELEASED_RESERVE, merchant_id, amount, fact, entry_id, at)


def _owed_again(
    kind: LineKind, merchant_id: str, amount: Money, fact: str, entry_id: str, at: datetime
) -> PendingLine:
    return PendingLine(
        kind=kind,
        order_id="",
        merchant_id=merchant_id,
        fact=fact,
        entry_id=entry_id,
        occurred_at=at,
        currency=amount.currency,
        goods=0,
        seller_taxes=0,
        refunded=0,
        paid=0,
        commissionable=0,
        returned=amount.amount,
    )
