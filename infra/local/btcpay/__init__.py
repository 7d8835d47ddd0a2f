"""A stand-in for a BTCPay Server 2, on 127.0.0.1, made of the standard library. Its bitcoins are nobody's.

    python -m infra.local.btcpay --port P --webhook-url URL --webhook-secret SECRET
                                 [--state FILE] [--store ID] [--api-key KEY]

It serves, under `/api/v1`, what the Greenfield API does (`Authorization: token KEY`, JSON, its error bodies):

- stores/{store}/invoices: create, list by `orderId`; invoices/{id}: retrieve, payment-methods, status, refund
- stores/{store}/pull-payments: list; pull-payments/{id}: retrieve, payouts; and the page of an invoice, `/i/{id}`

One bitcoin is worth 50,000 of every currency, today and always. There is one store; an invoice of any other is 404.
An invoice expires when it is looked at after its time. Every change sends a webhook, signed in `BTCPay-Sig`, again
until it is answered 2xx.

Test controls, without a key, JSON bodies; `inv`, `pull`, `pay`, `evt` stand for ids:

    GET    /test/health                        {"status": "ok"}
    POST   /test/reset                         forget everything
    GET    /test/requests                      the latest API calls: {data: [{method, path, status}]}
    GET    /test/invoices                      {data: [all of them]}
    POST   /test/invoices/inv/pay              as the buyer's wallet: outcome=
                                                 exact            (default) what is due, confirmed: Settled
                                                 unconfirmed      what is due, not confirmed yet: Processing
                                                 partial          two fifths of it, confirmed: New, PaidPartial
                                                 over             a tenth more than it, confirmed: Settled, PaidOver
                                                 late             it expires, then all comes, confirmed: PaidLate
                                                 never_confirmed  all comes and is never confirmed: Invalid
                                               or share=0.25: that part of the whole, confirmed=true|false
    POST   /test/invoices/inv/confirm          what came is confirmed
    POST   /test/invoices/inv/replace          what came unconfirmed was spent otherwise: New again
    POST   /test/invoices/inv/expire           its time is over
    POST   /test/invoices/inv/fail             what came was not confirmed for too long: Invalid
    POST   /test/invoices/inv/mark             by hand: status=Settled|Invalid
    POST   /test/invoices/inv/set              any of its fields, such as {"amount": "1.00"}
    POST   /test/pull-payments/pull/claim      the buyer asks for it: share=1, paid=true|false (paid out at once)
    POST   /test/pull-payments/pull/archive    it cannot be claimed any more
    POST   /test/payouts/pay/finish            outcome=paid|cancelled
    GET    /test/webhooks                      {url, held, busy, waiting: [event ids]}
    GET    /test/events                        {data: [{id, type, body}]}, oldest first
    POST   /test/webhooks/hold                 deliver nothing for now
    POST   /test/webhooks/release              order=created|reversed|shuffled, seed?, events=[ids]?
    POST   /test/webhooks/wait                 seconds=10: {"idle": whether everything is delivered}
    POST   /test/events/evt/deliver            here and now, as a redelivery: times=20, concurrent=true, forged=true?,
                                               set={"storeId": "other"}?; answers {statuses: [...]}
    POST   /test/faults                        mode=unavailable|hang|slow|drop_before|drop_after, times?, seconds?,
                                               method?, path? (prefix; /api/v1/), status? (503)
    POST   /test/faults/wait                   count, seconds: {"reached": whether that many calls hang}
    GET    /test/faults                        those in force, and how many calls hang
    DELETE /test/faults                        clear them, and let go whoever hangs

The faults are those of the stand-in for Stripe. What it leaves out: wallets, other coins, approval of payouts (a payout
waits until it is finished), stores and webhooks as resources.
"""
