"""Membership: who calls, in which role, for which merchant.

Glossary:
    member: a person or machine with an account; reached by an e-mail address, a phone number or both.
    contact: such an address or number. A new one counts once the code sent to it comes back.
    claim: the row that makes a contact belong to one member; its key is a keyed hash of it.
    nobody: the id under which codes are kept for a contact that no member has, so that asking tells nothing.
    pending: registered, the address not yet confirmed. Signing in answers as for a wrong password.
    registration code: six digits, mailed; it confirms the address and the password it was registered with.
    session: one sign-in on one device. It has one living refresh token, which each refresh replaces.
    provider: who keeps accounts elsewhere that members may sign in with (Google, Apple, LINE, WeChat, others).
    identity: a member's account at a provider, linked to the one here; found by a keyed hash of its name there.
    flow: one sign-in with a provider on its way: begun, answered, redeemed once, proven, done.
    binding, ticket: the two halves of a flow that complete it: kept by the browser that began, brought back to it.
    merchant: a seller; its staff are members in the role `merchant` with its `merchant_id`.
    invitation: a merchant's offer of that role to an address, accepted with the code mailed to it.
    fresh: of a session: opened not longer than ten minutes ago; needed to change how one signs in.
    backoff: the wait that failures in a row earn, of an account and of the place that they come from.
    attempts: how often an address or a merchant has tried something in the current window.
    application: a third party's program that members sign in to with their account here; registered by an operator.
    grant: what a member has allowed an application, and the family of tokens that came from it.
    API key: what a partner's machine shows; of one merchant, within scopes.
    scope: an action of the permission table that a token or key is narrowed to.
"""
