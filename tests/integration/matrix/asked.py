"""A request of the matrix, written once with names for what is the caller's own, and made foreign by renaming."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from tests.contract.authorisation import shape
from tests.integration.matrix.callers import TOKENS, Caller, Names
from tests.integration.matrix.world import World
from tests.support.http import Answer, call

STAY: Final = (
    *TOKENS,
    "guest_cart",
    "guest_cart_token",
    "hs_code",
    "source",
    "provider",
    "account",
    "day",
    "currency",
    "payout_file",
)
"""What a request on another's thing keeps: one's own tokens, and what is everybody's."""

Preparation = Callable[[World, Caller], Names]


@dataclass(frozen=True)
class Asked:
    """A request that is answered well where its caller may make it. `<name>` stands for what is the caller's own.

    `shows`: whose value a list holds. `foreign`: the request on another's thing in place of the one made by renaming.
    `of_staff`: the request of the platform's staff, where it is another. `crossed`: requests that bring one's own and
    another's together, which are refused to everybody. `before`: what has to happen first. `signs`: makes the body and
    headers that a provider signs.
    """

    method: str
    path: str
    body: Any = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    shows: str | None = None
    foreign: "Asked | None" = None
    of_staff: "Asked | None" = None
    crossed: tuple["Asked", ...] = ()
    before: Preparation | None = None
    signs: Callable[[World], tuple[bytes, dict[str, str]]] | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.method, shape(re.sub(r"<~?(\w+)>", r"{\1}", self.path.partition("?")[0]))

    def send(self, world: World, caller: Caller) -> Answer:
        headers = {name: caller.filled(value) for name, value in self.headers.items()}
        sent = {"Idempotency-Key": "matrix", **{name: value for name, value in headers.items() if value}}
        raw: str | bytes | None = None if self.body is None else caller.filled(json.dumps(self.body))
        if self.form is not None:
            raw = urlencode({name: caller.filled(value) for name, value in self.form.items()})
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if self.signs is not None:
            raw, signature = self.signs(world)
            sent |= signature
        return call(self.method, caller.filled(self.path), raw=raw, token=caller.token, headers=sent)

    @property
    def opened_by_token(self) -> bool:
        return any(f"<{token}>" in value for token in TOKENS for value in self.headers.values())

    def on_anothers(self) -> "Asked":
        """The request that names another's thing."""
        return self.foreign or replace(
            self,
            path=_renamed(self.path),
            body=json.loads(_renamed(json.dumps(self.body))),
            headers={name: _renamed(value) for name, value in self.headers.items()},
        )

    def with_forged(self, names: Mapping[str, str]) -> tuple["Asked", ...]:
        """The request with each of these fields in its body, and with all of them in its query."""
        query = replace(
            self, path=f"{self.path}{'&' if '?' in self.path else '?'}{urlencode(names, safe='<~>')}"
        )
        if self.body is None:
            return (query,)
        return (query, *(replace(self, body={**self.body, name: value}) for name, value in names.items()))


def _renamed(text: str) -> str:
    return re.sub(r"<(\w+)>", lambda found: found[0] if found[1] in STAY else f"<~{found[1]}>", text)
