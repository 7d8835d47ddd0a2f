"""Settlement: what every cent was, in a ledger that balances, and what each merchant is paid of it.

fact            something that happened once and moved money: a capture, a refund, a completed share, a part of a
                statement. Its name (`capture:…`, `refund:…`, `share:…`, `share-refund:…`, `settle:…`) is the key
                of its entry
entry           the ledger transaction of one fact: postings that balance in each currency; written once, never
                changed or removed
posting         a debit or a credit of one account in one currency, above zero
rule            which postings an event of business makes; each entry names its rule
booked          when the ledger learnt of a fact; balances of a day are of what was booked by its end
reversal        the entry that undoes another, `reversal:<fact>`; there is at most one
closed          of a day: its sums are made, from the journal, and will not change
chart           every account there is: `data/chart.json`
share           one merchant's part of an order; it may be settled once it has completed
pending line    a completed share, or a refund of one, that no statement names yet
statement       what a merchant is paid for its pending lines, in its payout currency, line by line, in parts of at
                most twenty lines, each part one transaction with one entry
terms           commission, payment fee, spread and day of the rates: fixed when a statement is opened
rate            units of the payout currency for one unit of the order's: `reference` as published, `applied` after
                the spread; both are recorded
payout          what of a statement leaves for its merchant: created, sent, paid or returned
destination     where a merchant's payouts in a currency go: a bank account or an account connected at a provider;
                sealed, shown masked; it must cool before it is used, and is stopped once a payout came back from it
way             how a payout leaves: by hand, in a file for our bank, or as a transfer by a provider
debtor          an account of ours that payouts in a currency leave: `data/payouts.json`
payout file     what our bank is told of a debtor: open, closed, then ready; ready once all its payouts are sent
called off      of a payout: not sent, since its merchant's hold or destination is not what it was; owed again
unpaid          an issued statement that has something payable and no payout yet
hold            that nothing is paid out to a merchant, and why
carried         what a merchant owes after a statement, taken into the next one
shard           balances and the list of merchants with something pending are spread over eight keys, so that
                entries written at the same time seldom touch the same item
"""
