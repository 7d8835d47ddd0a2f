"""The posting rules: one for each event of business, named as its entries name it.

payment_captured   Dr psp:<provider>               Cr customer_funds
refund_succeeded   Dr customer_funds               Cr psp:<provider>
refund_returned    Dr psp:<provider>               Cr customer_funds: it had succeeded, and the bank sent it back
share_completed    Dr customer_funds               paid - refunded
                   Cr merchant_payable:<merchant>  goods + taxes that the seller owes - refunded
                   Cr carrier_payable              freight
                   Cr tax_payable:<authority>      taxes that the platform owes
share_refunded     Dr merchant_payable:<merchant>  Cr customer_funds
part_settled       Dr merchant_payable:<merchant>  Cr fx:<order's currency>: each currency but the payout's
                   Dr fx:<payout currency>         what that is worth at the reference rate
                   Cr merchant_payable:<merchant>  what the merchant gets for it
                   Cr fx_gain_loss                 the difference: spread and rounding
                   Dr merchant_payable:<merchant>  Cr commission_income
                   Dr merchant_payable:<merchant>  Cr payment_fee_income

An amount below zero stands on the other side. A refund is borne by the merchant in full, freight and taxes
included: carriers and authorities are owed whether or not the buyer is paid back, so what the merchant is owed may
become what it owes. A refund that fails at the provider stays in customer_funds: the buyer has not had it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from entrepot.kernel.money import Money, total
from functions.settlement.domain.ledger import Postings, credit, debit
from functions.settlement.domain.shares import CompletedShare, Liable

CUSTOMER_FUNDS: Final = "customer_funds"
CARRIER_PAYABLE: Final = "carrier_payable"
COMMISSION_INCOME: Final = "commission_income"
PAYMENT_FEE_INCOME: Final = "payment_fee_income"
FX_GAIN_LOSS: Final = "fx_gain_loss"


def psp(provider: str) -> str:
    return f"psp:{provider}"


def merchant_payable(merchant_id: str) -> str:
    return f"merchant_payable:{merchant_id}"


def tax_payable(authority: str) -> str:
    return f"tax_payable:{authority}"


def fx(currency: str) -> str:
    return f"fx:{currency}"


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a part of a statement converts: `sold` of the order's currency, worth `bought` at the reference rate,
    of which the merchant gets `credited`."""

    sold: Money
    bought: Money
    credited: Money


def payment_captured(provider: str, amount: Money) -> Postings:
    return debit(psp(provider), amount) + credit(CUSTOMER_FUNDS, amount)


def refund_succeeded(provider: str, amount: Money) -> Postings:
    return debit(CUSTOMER_FUNDS, amount) + credit(psp(provider), amount)


def refund_returned(provider: str, amount: Money) -> Postings:
    return debit(psp(provider), amount) + credit(CUSTOMER_FUNDS, amount)


def share_completed(share: CompletedShare) -> Postings:
    owed: dict[str, Money] = {}
    for tax in share.taxes:
        if tax.liable is Liable.PLATFORM:
            held = owed.get(tax.authority, share.money(0))
            owed[tax.authority] = held + share.money(tax.amount)
    return (
        *debit(CUSTOMER_FUNDS, share.money(share.paid - share.refunded)),
        *credit(merchant_payable(share.merchant_id), share.money(share.payable)),
        *credit(CARRIER_PAYABLE, share.money(share.freight)),
        *(
            posting
            for authority, amount in owed.items()
            for posting in credit(tax_payable(authority), amount)
        ),
    )


def share_refunded(merchant_id: str, amount: Money) -> Postings:
    return debit(merchant_payable(merchant_id), amount) + credit(CUSTOMER_FUNDS, amount)


def part_settled(
    merchant_id: str, conversions: Iterable[Conversion], commission: Money, payment_fee: Money
) -> Postings:
    payable = merchant_payable(merchant_id)
    converted: list[Postings] = []
    for one in conversions:
        difference = one.bought - one.credited
        converted += [
            debit(payable, one.sold) + credit(fx(one.sold.currency), one.sold),
            debit(fx(one.bought.currency), one.bought) + credit(payable, one.credited),
            credit(FX_GAIN_LOSS, difference),
        ]
    return (
        *(posting for postings in converted for posting in postings),
        *debit(payable, commission),
        *credit(COMMISSION_INCOME, commission),
        *debit(payable, payment_fee),
        *credit(PAYMENT_FEE_INCOME, payment_fee),
    )


def effect(postings: Postings, account: str, currency: str) -> Money:
    """What postings add to what is owed on an account: credits less debits."""
    return total(
        (
            Money(posting.credit - posting.debit, currency)
            for posting in postings
            if (posting.account, posting.currency) == (account, currency)
        ),
        currency,
    )
