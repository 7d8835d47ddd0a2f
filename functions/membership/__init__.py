"""Membership: who calls, in which role, for which merchant.

Glossary:
    member: a person or machine with an account; reached by an e-mail address.
    claim: the row that makes an address belong to one member; its key is a keyed hash of the address.
    pending: registered, the address not yet confirmed. Signing in answers as for a wrong password.
    registration code: six digits, mailed; it confirms the address and the password it was registered with.
    session: one sign-in on one device. It has one living refresh token, which each refresh replaces.
    merchant: a seller; its staff are members in the role `merchant` with its `merchant_id`.
    invitation: a merchant's offer of that role to an address, accepted with the code mailed to it.
    attempts: how often an address or a merchant has tried something in the current window.
"""
