"""One sign-in with a provider, from the browser that begins it to the session that it ends in.

Three secrets hold it together: the state goes through the provider, the binding stays in the browser that began, the
ticket comes to the browser that was sent back. Who completes needs the last two, so neither a state nor a ticket that
somebody is made to follow signs them in to an account of another.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final
from urllib.parse import urlencode

from entrepot.kernel.refusals import Kind, Refusal

FLOW_LIFE: Final = timedelta(minutes=10)


class FlowInvalid(Refusal):
    """Unknown, expired, used, or another browser's: the answer does not say which."""

    code = "sign_in_not_known"
    kind = Kind.RULE
    title = "This sign-in is not known, is over, or began in another browser; begin again."


class Purpose(Enum):
    SIGN_IN = "sign_in"
    LINK = "link"


class Stage(Enum):
    BEGUN = "begun"  # the browser is at the provider
    ANSWERED = "answered"  # it came back with a code
    REDEEMING = "redeeming"  # the code is being shown to the provider, once, whatever comes of it
    PROVEN = "proven"  # the provider has said who it is


MOVES: Final = {
    Stage.BEGUN: {Stage.ANSWERED},
    Stage.ANSWERED: {Stage.REDEEMING},
    Stage.REDEEMING: {Stage.PROVEN},
}


@dataclass(frozen=True, slots=True)
class Flow:
    """What was begun. `held` is sealed: verifier and nonce, and beside them the code, later the identity.

    `member_id`: who links; None where somebody signs in.
    """

    flow_id: str
    provider_id: str
    purpose: Purpose
    return_to: str
    state_hash: str
    binding_hash: str
    held: str
    expires_at: int  # seconds since 1970
    stage: Stage = Stage.BEGUN
    ticket_hash: str = "-"
    member_id: str | None = None

    def alive(self, now: datetime) -> bool:
        return self.expires_at > now.timestamp()

    def moved(self, after: Stage, held: str | None = None, ticket_hash: str | None = None) -> "Flow":
        """The flow one step further. Raises: FlowInvalid: that is no step of it."""
        if after not in MOVES.get(self.stage, frozenset()):
            raise FlowInvalid
        return replace(self, stage=after, held=held or self.held, ticket_hash=ticket_hash or self.ticket_hash)


def answer_address(return_to: str, **told: str) -> str:
    """Where the browser goes next, with what it is told."""
    return f"{return_to}{'&' if '?' in return_to else '?'}{urlencode(told)}"
