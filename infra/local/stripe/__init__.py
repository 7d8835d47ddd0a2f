"""A stand-in for Stripe, API 2026-10-28.endive, on 127.0.0.1, made of the standard library.

    python -m infra.local.stripe --port P --webhook-url URL --webhook-secret whsec_...
                                 [--state FILE] [--secret-key sk_test_...]

It serves, under `/v1`, as Stripe does (Bearer or Basic key, forms, `expand`, Idempotency-Key, error objects):

- payment_intents: create, retrieve, list, update, confirm (also with a `pk_test_` key and `client_secret`),
  capture, cancel
- customers: create, retrieve, list, update, delete, search (by one pair of metadata), their payment_methods,
  cash_balance and cash_balance_transactions; test_helpers: fund_cash_balance
- payment_methods: retrieve, list, attach, detach
- charges, balance_transactions, events: retrieve, list; balance: retrieve
- refunds: create (of a payment, or `origin` customer_balance), retrieve, list, update
- transfers: create, retrieve, list, reversals; disputes: retrieve, list, update, close

Every change publishes an event, which is signed and delivered to the webhook address in no promised order,
and again until it is answered 2xx. A charge's `balance_transaction` is null until `charge.updated`, which
follows at once.

Test payment methods (`pm_card_visa`, `pm_card_chargeDeclined...`, `pm_card_threeDSecure2Required`, ...; all
in `methods.py`) decide the outcome; `pm_standin_<type>` or `payment_method_data[type]` stands for another
kind: redirects and bank transfers wait in `requires_action`, debits (`sepa_debit`, `us_bank_account`) in
`processing`. A customer's card is kept once an intent with `setup_future_usage` is paid by it;
`pm_card_chargeCustomerFail` can be attached and is declined, `pm_card_authenticationRequired` asks its owner
each time, kept or not.

A transfer comes by `fund_cash_balance`: less than the payment's amount funds it in part, more stays in the
balance, and so does what comes once the payment is cancelled; `reference` names the payment, and "unknown
sender" is one whom Stripe has to ask by e-mail where money goes back. Such refunds are pending until they are
finished.

Test controls, without a key, JSON or form bodies; `pi`, `ch`, `du`, `re`, `evt` stand for ids:

    GET    /test/health                            {"status": "ok"}
    POST   /test/reset                             forget everything
    GET    /test/requests                          the latest API calls: {data: [{method, path, status,
                                                   idempotency_key, replayed}]}
    POST   /test/payment_intents/pi/pay            as the shopper's browser: payment_method?, client_secret?
    POST   /test/payment_intents/pi/fail           declined: payment_method?
    POST   /test/payment_intents/pi/process        set processing: payment_method?
    POST   /test/payment_intents/pi/authenticate   ends requires_action: outcome=succeed|fail
    POST   /test/payment_intents/pi/finish         ends processing or requires_action: outcome=succeed|fail
    POST   /test/payment_intents/pi/lapse          the authorisation lapses: canceled, charge.expired
    POST   /test/charges/ch/dispute                reason?, amount?
    POST   /test/disputes/du/close                 outcome=won|lost
    POST   /test/refunds/re/finish                 outcome=succeed|fail: ends a pending refund, or fails one
                                                   that had succeeded
    POST   /test/transfers/tr/reverse              amount?: all that is left of it comes back, transfer.reversed
    POST   /test/balance                           amount, currency: put money on the account's balance
    GET    /test/webhooks                          {url, held, busy, waiting: [event ids]}
    POST   /test/webhooks/hold                     deliver nothing for now
    POST   /test/webhooks/release                  order=created|reversed|shuffled, seed?: deliver one by one;
                                                   events=[ids]?: only these, in this order, and hold on;
                                                   answers {delivered: [{event, type, status}]}
    POST   /test/webhooks/wait                     seconds=10: {"idle": whether everything is delivered}
    POST   /test/events/evt/deliver                here and now: times=20, concurrent=true, age_seconds?,
                                                   forged=true?, set={"livemode": true, "data.object.amount":
                                                   1}?; answers {statuses: [...]}
    POST   /test/faults                            mode=unavailable|hang|slow|drop_before|drop_after, times?,
                                                   seconds?, method?, path? (prefix; /v1/), status? (503),
                                                   code?
    POST   /test/faults/wait                       count, seconds: {"reached": whether that many calls hang}
    GET    /test/faults                            those in force, and how many calls hang
    DELETE /test/faults                            clear them, and let go whoever hangs

`unavailable` answers without acting; `hang` keeps the connection until cleared and drops it unacted; `slow`
keeps it, with its idempotency key in use, then acts and answers; `drop_before` and `drop_after` close the
connection without an answer, the latter after acting. Faults never touch `/test/`.

What it leaves out: payouts, conversion between currencies, Connect accounts (any `acct_...` is one; a
transfer to those of `connect.REFUSING` is refused), multicapture, the expiry of anything by time. Fees are invented
(`money.fee`).
"""
