"""Clearing: what providers and banks say they moved, against what the ledger says, until every cent is explained.

Glossary
    source       whose report it is: "stripe", or "bank" for our own accounts
    movement     a change of a balance of ours by the source's own report
    fact         the name of an entry of the ledger; a movement says which facts must account for it
    item         one movement beside its facts, or a fact that the source has not told of; per currency what the
                 provider moved and what the ledger moved
    difference   provider less ledger, of an item and currency
    matched      there is no difference
    explained    there is one, and a cause that will go by itself: a fee or a rate not booked yet, or timing
    break        there is one, and it has no such cause, or had it for too long; somebody owns it
    resolved     a person has posted the difference by a rule, for a named reason
    report       the sums of a source, a day and a currency
    claim        that a fact belongs to an item: so each entry is counted once
"""
