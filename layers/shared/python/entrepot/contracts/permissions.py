"""Who may do what: one table of role and action, read as a person would read it. What is not here is refused.

An action allowed to a merchant's role reaches that merchant's own things only; to a shopper, that shopper's own.
Use cases check that scope and answer 404 for another's.
"""

from typing import Final

PUBLIC: Final = "public"
"""Open to everyone; who is signed in is known all the same."""

ANY: Final = "any"
"""Open to everyone who is signed in, whatever the role."""

ROLES: Final = ("shopper", "merchant", "operator", "service")

GRANTS: Final[dict[str, frozenset[str]]] = {
    action: frozenset(roles.split())
    for action, roles in {
        "merchants.create": "operator",
        "merchants.staff": "merchant operator",
        "products.write": "merchant",
        "warehouses.read": "merchant operator",
        "warehouses.write": "merchant operator",
        "stock.read": "merchant operator",
        "stock.write": "merchant",
        "orders.list": "shopper merchant operator",
        "orders.pack": "merchant",
        "orders.ship": "merchant",
        "orders.refund": "merchant operator",
        "statements.read": "merchant operator",
        "ledger.read": "operator",
    }.items()
}


def permitted(role: str, action: str) -> bool:
    """Deny by default: an unknown role or action is refused."""
    return role in ROLES if action == ANY else role in GRANTS.get(action, frozenset())
