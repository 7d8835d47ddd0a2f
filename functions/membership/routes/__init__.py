"""The HTTP routes of members, sessions and merchants."""

from entrepot.cloud.http import Api

api = Api(__name__)

from functions.membership.routes import addresses, discovery, factors, merchants, profile, registration, sessions  # noqa: E402, F401  they register on `api`
