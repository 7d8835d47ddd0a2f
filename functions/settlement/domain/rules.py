"""The posting rules: one for each event of business, named as its entries name it.

payment_captured   Dr psp:<provider>               Cr customer_funds
                   where each receipt of a provider is booked by itself (BOOKS_RECEIPTS), receipt_matched instead
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

                   Dr merchant_payable:<merchant>  Cr logistics_fee_income
                   Dr merchant_payable:<merchant>  Cr tax_withheld:<authority>
                   Dr merchant_payable:<merchant>  Cr merchant_reserve:<merchant>: what is held back
reserve_released   Dr merchant_reserve:<merchant>  Cr merchant_payable:<merchant>
payout_made        Dr merchant_payable:<merchant>  Cr payouts_in_transit:<channel>
payout_paid        Dr payouts_in_transit:<channel> Cr psp:<provider> or bank:<bank>: it has left us
payout_returned    Dr payouts_in_transit:<channel>, or where it had left us psp:<provider> or bank:<bank>
                   Cr merchant_payable:<merchant>
provider_fee       Dr psp_fee_expense              Cr psp:<provider>
provider_converted Dr fx:<currency taken>          Cr psp:<provider>: in the currency that the buyer paid
                   Dr psp:<provider>               Cr fx:<currency got>: in the currency that the provider pays
dispute_opened     Dr disputed_funds               Cr psp:<provider>
dispute_fee        Dr dispute_fee_expense          Cr psp:<provider>
dispute_won        Dr psp:<provider>               Cr disputed_funds
dispute_lost       Dr merchant_payable:<merchant>  its part, where the merchant bears it
                   Dr dispute_loss                 what the platform bears
                   Cr disputed_funds
receipt_unmatched  Dr psp:<provider> or bank:<bank>  Cr unmatched_receipts
receipt_matched    Dr unmatched_receipts           Cr customer_funds
receipt_returned   Dr unmatched_receipts           Cr psp:<provider>: it had paid nothing, and went back
difference_suspended    Dr what the provider or bank moved and the ledger did not  Cr unmatched_receipts
difference_written_off  likewise                                                   Cr clearing_differences
reversed           each posting of another entry on its other side; the entry names it, once at most

An amount below zero stands on the other side. A refund is borne by the merchant in full, freight and taxes
included: carriers and authorities are owed whether or not the buyer is paid back, so what the merchant is owed may
become what it owes. A refund that fails at the provider stays in customer_funds: the buyer has not had it.
"""

from collections.abc import Iterable, Mapping
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
LOGISTICS_FEE_INCOME: Final = "logistics_fee_income"
PSP_FEE_EXPENSE: Final = "psp_fee_expense"
DISPUTED_FUNDS: Final = "disputed_funds"
DISPUTE_FEE_EXPENSE: Final = "dispute_fee_expense"
DISPUTE_LOSS: Final = "dispute_loss"
UNMATCHED_RECEIPTS: Final = "unmatched_receipts"
CLEARING_DIFFERENCES: Final = "clearing_differences"
BOOKS_RECEIPTS: Final = frozenset({"bank", "btcpay"})
"""Providers of which every receipt is booked when it comes, before it is known what it pays."""


def psp(provider: str) -> str:
    return f"psp:{provider}"


def merchant_payable(merchant_id: str) -> str:
    return f"merchant_payable:{merchant_id}"


def tax_payable(authority: str) -> str:
    return f"tax_payable:{authority}"


def tax_withheld(authority: str) -> str:
    return f"tax_withheld:{authority}"


def bank(name: str) -> str:
    return f"bank:{name}"


def merchant_reserve(merchant_id: str) -> str:
    return f"merchant_reserve:{merchant_id}"


def in_transit(channel: str) -> str:
    return f"payouts_in_transit:{channel}"


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


@dataclass(frozen=True, slots=True)
class Charges:
    """What is taken from a merchant in a part of a statement, in its payout currency; None is nothing.

    `withheld` goes to `authority`. `reserve` is held back, not taken.
    """

    commission: Money
    payment_fee: Money
    logistics_fee: Money | None = None
    authority: str = ""
    withheld: Money | None = None
    reserve: Money | None = None


def part_settled(merchant_id: str, conversions: Iterable[Conversion], charges: Charges) -> Postings:
    payable = merchant_payable(merchant_id)
    converted: list[Postings] = []
    for one in conversions:
        difference = one.bought - one.credited
        converted += [
            debit(payable, one.sold) + credit(fx(one.sold.currency), one.sold),
            debit(fx(one.bought.currency), one.bought) + credit(payable, one.credited),
            credit(FX_GAIN_LOSS, difference),
        ]
    taken = (
        (COMMISSION_INCOME, charges.commission),
        (PAYMENT_FEE_INCOME, charges.payment_fee),
        (LOGISTICS_FEE_INCOME, charges.logistics_fee),
        (tax_withheld(charges.authority), charges.withheld),
        (merchant_reserve(merchant_id), charges.reserve),
    )
    converted += [debit(payable, amount) + credit(account, amount) for account, amount in taken if amount]
    return tuple(posting for postings in converted for posting in postings)


def reserve_released(merchant_id: str, amount: Money) -> Postings:
    return debit(merchant_reserve(merchant_id), amount) + credit(merchant_payable(merchant_id), amount)


def payout_made(merchant_id: str, channel: str, amount: Money) -> Postings:
    return debit(merchant_payable(merchant_id), amount) + credit(in_transit(channel), amount)


def payout_paid(channel: str, source: str, amount: Money) -> Postings:
    """`source`: the account of the bank or provider that it left."""
    return debit(in_transit(channel), amount) + credit(source, amount)


def payout_returned(merchant_id: str, back_at: str, amount: Money) -> Postings:
    """`back_at`: in transit where it had not left us, else the account that it came back to."""
    return debit(back_at, amount) + credit(merchant_payable(merchant_id), amount)


def provider_fee(provider: str, fee: Money) -> Postings:
    return debit(PSP_FEE_EXPENSE, fee) + credit(psp(provider), fee)


def provider_converted(provider: str, taken: Money, got: Money) -> Postings:
    return (
        *debit(fx(taken.currency), taken),
        *credit(psp(provider), taken),
        *debit(psp(provider), got),
        *credit(fx(got.currency), got),
    )


def dispute_opened(provider: str, amount: Money) -> Postings:
    return debit(DISPUTED_FUNDS, amount) + credit(psp(provider), amount)


def dispute_fee(provider: str, fee: Money) -> Postings:
    return debit(DISPUTE_FEE_EXPENSE, fee) + credit(psp(provider), fee)


def dispute_won(provider: str, amount: Money) -> Postings:
    return debit(psp(provider), amount) + credit(DISPUTED_FUNDS, amount)


def dispute_lost(amount: Money, borne: Mapping[str, Money]) -> Postings:
    """`borne`: by merchant; the rest is the platform's."""
    rest = amount - total(borne.values(), amount.currency)
    return (
        *(posting for merchant, part in borne.items() for posting in debit(merchant_payable(merchant), part)),
        *debit(DISPUTE_LOSS, rest),
        *credit(DISPUTED_FUNDS, amount),
    )


def receipt_unmatched(held_at: str, amount: Money) -> Postings:
    return debit(held_at, amount) + credit(UNMATCHED_RECEIPTS, amount)


def receipt_returned(held_at: str, amount: Money) -> Postings:
    return debit(UNMATCHED_RECEIPTS, amount) + credit(held_at, amount)


def receipt_matched(amount: Money) -> Postings:
    return debit(UNMATCHED_RECEIPTS, amount) + credit(CUSTOMER_FUNDS, amount)


def difference_suspended(held_at: str, difference: Money) -> Postings:
    """`difference`: what a provider or bank has moved more than the ledger."""
    return debit(held_at, difference) + credit(UNMATCHED_RECEIPTS, difference)


def difference_written_off(held_at: str, difference: Money) -> Postings:
    return debit(held_at, difference) + credit(CLEARING_DIFFERENCES, difference)


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
