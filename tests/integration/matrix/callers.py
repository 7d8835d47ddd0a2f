"""Who calls in the matrix, and under which name `authorisation.csv` knows them."""

from dataclasses import dataclass, replace
from typing import Final

from entrepot.contracts.permissions import MERCHANT_ROLES, PLATFORM_ROLES, UNENROLLED
from tests.contract.authorisation import ANONYMOUS, APPLICATION, NARROW

COLUMNS: Final = {
    ANONYMOUS: ANONYMOUS,
    "shopper": "shopper",
    APPLICATION: APPLICATION,
    **{role: role for role in MERCHANT_ROLES},
    "key": "service",
    "machine": "service",
    "narrow_key": NARROW,
    "narrow_machine": NARROW,
    **{role: role for role in PLATFORM_ROLES},
    UNENROLLED: UNENROLLED,
}
"""Each caller → its column. A key is sent as it is; a machine has a token by client credentials of the same key."""

ACCOUNTS: Final = ("shopper", *MERCHANT_ROLES, *PLATFORM_ROLES, UNENROLLED)
"""Who has an account, and a session of it."""

TOKENS: Final = ("cart_token", "order_token", "shipment_token")
"""What opens a thing to whoever has it."""

Names = dict[str, str]
"""What may stand in a request as `<name>`."""


@dataclass(frozen=True)
class Caller:
    """Somebody, with what they send and what is their own; `<~name>` is another's thing of the same kind.

    `guest`: the things of a guest, with the tokens that open them to whoever has those.
    """

    name: str
    token: str | None
    own: Names
    foreign: Names
    guest: Names

    @property
    def has_account(self) -> bool:
        return self.name in ACCOUNTS

    @property
    def guest_tokens(self) -> Names:
        return {name: self.guest[name] for name in TOKENS}

    def having(self, more: Names) -> "Caller":
        return replace(self, own={**self.own, **more})

    def filled(self, text: str) -> str:
        """`text` with the names replaced; a token that the caller has not is empty."""
        for name, value in self.own.items():
            text = text.replace(f"<{name}>", value)
        for name, value in self.foreign.items():
            text = text.replace(f"<~{name}>", value)
        for name in TOKENS:
            text = text.replace(f"<{name}>", "")
        return text
