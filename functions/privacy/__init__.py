"""Privacy: a member's right to see everything that is held about them, and to be forgotten.

It stands above orders and knows the other contexts by their facades: it asks them what they hold and what is left,
and keeps nothing of it. What is personal is dropped where it lies, by who keeps it, when `membership.member_erased`
is heard.

Glossary:
    erasure    a member's wish to be forgotten, from the request until nobody holds anything any more
    look       asking every context what is left of a member; while something is, the event is told again
    export     everything that is held about a member as one JSON document, for a day in a private bucket
    link       what opens an export without signing in, for a few minutes
"""
