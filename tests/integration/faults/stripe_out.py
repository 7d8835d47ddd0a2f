"""The way to Stripe: calls that are refused, or lost before or after they are done; which ones is drawn by a seed."""

from typing import Final

from infra.local.stripe.faults import Fault as Struck
from infra.local.stripe.faults import Mode
from tests.support.faults import Fault, Weather
from tests.support.proxy import Asked

_OURS: Final = "/v1/events"
"""Asked by the test, to hand over what Stripe has to tell."""


def _may_strike(asked: Asked) -> bool:
    return asked.path.startswith("/v1/") and asked.path != _OURS


def _nothing(*_: object) -> None:
    """What happens is the stand-in's to do."""


OUT: Final = Fault("Stripe out", _may_strike, _nothing, (1, 2, 4))
_MODES: Final = (Mode.UNAVAILABLE, Mode.DROP_BEFORE, Mode.DROP_AFTER)


class Line:
    """What befalls calls to a stand-in, by the weather instead of by order. In calm they are counted."""

    def __init__(self) -> None:
        self.passed = 0
        self.weather: Weather | None = None

    def calm(self) -> None:
        self.weather, self.passed = None, 0

    def strike(self, method: str, path: str) -> Struck | None:
        asked = Asked("Stripe", f"{method} {path}", path, [], b"")
        if not OUT.may_strike(asked):
            return None
        self.passed += 1
        if self.weather is None or not self.weather.due(asked):
            return None
        mode = self.weather.chance.choice(_MODES)
        self.weather.note(asked, mode.value)
        return Struck(mode, "", path, None, None, 503)
