"""Who may do what: one table of action and roles, read as a person would read it. What is not here is refused.

Roles, by the side they stand on:

    shopper             a member who buys
    merchant            a merchant's owner: everything of that merchant
    merchant_catalogue    its products and stock
    merchant_orders       its orders: pack, ship, cancel
    merchant_finance      its statements and refunds, and where its payouts go
    merchant_support      its orders, to read and to cancel
    operator            runs the platform
    finance             the platform's books, statements and refunds
    risk                looks into orders
    support             looks into orders and stock, and cancels for a customer
    analyst             reads figures, no person's data
    service             a machine of one merchant, by an API key; its key's scopes narrow it further

An action allowed to a role on a merchant's side reaches that merchant's own things only; to a shopper, that shopper's
own. Use cases check that scope and answer 404 for another's. A scope of OAuth or of an API key is an action of this
table, or one of `IDENTITY_SCOPES`: it narrows what the role allows, and never widens it.
"""

from typing import Final

PUBLIC: Final = "public"
"""Open to everyone; who is signed in is known all the same."""

ANY: Final = "any"
"""Open to everyone who is signed in, whatever the role."""

MERCHANT_ROLES: Final = (
    "merchant",
    "merchant_catalogue",
    "merchant_orders",
    "merchant_finance",
    "merchant_support",
)
PLATFORM_ROLES: Final = ("operator", "finance", "risk", "support", "analyst")
ROLES: Final = ("shopper", *MERCHANT_ROLES, *PLATFORM_ROLES, "service")

UNENROLLED: Final = "unenrolled"
"""What a token of the platform's staff bears in place of its role until they have a second factor: good for setting
one up, and for nothing else (ADR 52).
"""
SET_UP: Final = "second_factor.set_up"

IDENTITY_SCOPES: Final = ("openid", "profile", "email")
"""What a third application may be told of who has signed in (OpenID Connect Core, section 5.4)."""

OFFLINE_SCOPE: Final = "offline_access"
"""Whether a third application may come back without its user: a refresh token (OpenID Connect Core, section 11)."""

GRANTS: Final[dict[str, frozenset[str]]] = {
    action: frozenset(roles.split())
    for action, roles in {
        "audit.read": "operator risk",
        "erasures.read": "operator support",
        "merchants.create": "operator",
        "merchants.staff": "merchant operator",
        "platform.staff": "operator",
        "keys.manage": "merchant operator",
        "oauth.clients": "operator",
        "products.write": "merchant merchant_catalogue service",
        "warehouses.read": "merchant merchant_catalogue merchant_orders operator support analyst service",
        "warehouses.write": "merchant operator",
        "stock.read": "merchant merchant_catalogue merchant_orders merchant_support operator support analyst service",
        "stock.write": "merchant merchant_catalogue service",
        "orders.list": "shopper merchant merchant_orders merchant_finance merchant_support "
        "operator finance risk support service",
        "orders.read": "shopper merchant merchant_orders merchant_finance merchant_support "
        "operator finance risk support service",
        "orders.pay": "shopper",
        "orders.cancel": "shopper merchant merchant_orders merchant_support operator support service",
        "orders.pack": "merchant merchant_orders service",
        "orders.ship": "merchant merchant_orders service",
        "shipments.documents": "merchant merchant_orders operator",
        "orders.refund": "merchant merchant_finance operator finance",
        "rate_cards.read": "operator",
        "rate_cards.write": "operator",
        "statements.read": "merchant merchant_finance operator finance service",
        "ledger.read": "operator finance",
        "ledger.write": "operator finance",
        SET_UP: " ".join(role for role in (*ROLES, UNENROLLED) if role != "service"),
        "clearing.read": "operator finance",
        "clearing.write": "operator finance",
        "bank.read": "operator finance",
        "bank.write": "operator finance",
        "payouts.write": "operator finance",
        "payout_files.read": "operator finance",
        "destinations.write": "merchant merchant_finance",
    }.items()
}


def permitted(role: str, action: str) -> bool:
    """Deny by default: an unknown role or action is refused."""
    return role in ROLES if action == ANY else role in GRANTS.get(action, frozenset())


def side(role: str, merchant_id: str | None) -> str:
    """Whose things a role reaches: "shopper", "merchant" (that merchant's only), "operator" (all), or "none".

    A machine stands on the side of the merchant whose key it holds; one without a merchant on nobody's.
    """
    if role in MERCHANT_ROLES or role == "service":
        return "merchant" if merchant_id else "none"
    if role in PLATFORM_ROLES:
        return "operator"
    return "shopper" if role == "shopper" else "none"
