"""Payments: nobody is charged twice, no webhook is lost or counted twice.

Glossary
    payment      one order's debt and all that became of it; its facts only rise, and its status is derived from them
    intent       the provider's object that a payment is made of (Stripe: PaymentIntent); one per payment, ever
    authorise    the payer's bank holds the amount for us; capture: the money is taken, in whole or in part
    forgo        give up part of an authorisation before it is captured, instead of refunding it afterwards
    refund       captured money given back; requested by us, then pending, succeeded or failed at the provider
    snapshot     what the provider says of a payment at one moment, by webhook or when asked
    attempt      one payment of several by which an order is tried to be paid; the first that succeeds counts
    breaker      what is known of a provider's health: closed, open after failures, half-open for one trial
    merge        join a snapshot into a payment: in any order, any number of times, the same end
    provider     who moves the money: Stripe, our BTCPay Server or our bank account; chosen by data/providers.json
    due          what is owed by bank transfer, under its reference (RF, ISO 11649); a receipt is an entry that paid it
    work         what a person has to do: find whose an entry is, or transfer money back
    received     confirmed at a provider that cannot refuse money; what pays for nothing is set aside, then returned
    claim        how money in bitcoin goes back: the buyer asks for it at the provider's page, and it is paid out then
    fee          what the provider kept of one charge; known after the capture, told once
    dispute      the payer's bank took money back; opened when it left, closed when the bank has decided
    flag         what the provider says is not ours (amount, currency, account, mode, intent): nothing moves
    customer     whom the provider keeps something for, under an id of ours: a member's cards, or the transfers
                 for one payment
    surplus      what came into that balance beside the payment: over, twice or late; return: its way back, never ours
    silent       the provider has said nothing for a while, so the sweep asks
    lapse        an authorisation that nobody captures ends by itself, after seven days for cards
"""
