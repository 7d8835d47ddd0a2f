"""The HTTP routes of members, sessions and merchants."""

# ruff: noqa: E402, F401  the modules register on `api`, so they are imported after it and for that alone

from entrepot.cloud.http import Api

api = Api(__name__)

from functions.membership.routes import (
    addresses,
    discovery,
    factors,
    keys,
    merchants,
    oauth,
    passwords,
    profile,
    registration,
    sessions,
    social,
)
