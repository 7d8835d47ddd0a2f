"""Audit: reading what the platform has written down of security events and of staff's changes, and checking it.

Written it is elsewhere: in the transaction of each change, by `entrepot.cloud.audit`.

Glossary:
    entry      who did what, when, with which outcome: ids and codes, no personal data
    chain      the entries of one actor, each sealed with the seal of the one before; an actor has a few of them
    head       where a chain ends
    anchor     heads of an earlier time, kept outside the table
    fault      a place where a chain is not what was written
"""
