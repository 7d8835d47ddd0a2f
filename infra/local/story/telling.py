"""What every chapter uses: calls that are told as they are made, and waiting that ends."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol, TypeVar

from infra.local.accounts import Accounts
from infra.local.client import Client
from infra.local.setup import Hindrance
from infra.local.story.paper import Paper

PATIENCE_SECONDS: Final = 120.0
"""Many times what it takes: machines may be busy."""
_A_LITTLE_SECONDS: Final = 15.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0

T = TypeVar("T")


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)


class StoryFailed(Hindrance):
    """A step that did not come true; the message is one line."""


class Market(Protocol):
    """A running Entrepot, as the story sees it."""

    @property
    def base_url(self) -> str: ...

    @property
    def stripe_url(self) -> str: ...

    @property
    def carriers_url(self) -> str: ...

    @property
    def accounts(self) -> Accounts: ...

    def invoke(self, function: str, event: Any) -> Any:
        """Call a function by the last part of its name. Raises: AssertionError: it failed."""
        ...


class Teller:
    """Calls the market and sets down each call on paper."""

    def __init__(self, market: Market, paper: Paper) -> None:
        self.market = market
        self.paper = paper
        self.api = Client(market.base_url)
        self._stripe = Client(market.stripe_url)
        self._carriers = Client(market.carriers_url)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int = 200,
        note: str = "",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """A call that belongs to the story. Raises: Unanswered: it is not answered as expected."""
        answer = self.api.call(method, path, body, token=token, headers=headers)
        document = answer.expect(expect)
        self.paper.call(answer.call, str(answer.status), note)
        return document

    def look(self, path: str, token: str | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """A look that the story does not tell of."""
        return self.api.call("GET", path, token=token, headers=headers).expect(200)

    def stripe(self, path: str, body: Any) -> Any:
        """A control of Stripe's stand-in. Raises: Unanswered."""
        answer = self._stripe.call("POST", path, body)
        document = answer.expect(200)
        self.paper.call(f"{answer.call} (Stripe)", str(answer.status))
        return document

    def follow(self, parcel: Mapping[str, Any]) -> None:
        """Have the carriers' stand-in follow a parcel. Raises: Unanswered."""
        answer = self._carriers.call("POST", "/shipments", parcel)
        answer.expect(201)
        note = f"{parcel['source']} follows {parcel['carrier']} {parcel['tracking_number']}"
        self.paper.call(f"{answer.call} (carriers)", str(answer.status), note)

    def scans(self, number: str, options: Mapping[str, Any], note: str) -> list[int]:
        """Have the carriers' stand-in send webhooks; how we answered each. Raises: Unanswered."""
        answer = self._carriers.call("POST", f"/shipments/{number}/scans", options)
        answers = [int(post["status"]) for post in answer.expect(200)["posts"]]
        self.paper.call(f"{answer.call} (carriers)", f"webhook {', '.join(map(str, answers))}", note)
        return answers

    def invoke(self, function: str) -> None:
        """What the clock would do within the minute, or at night."""
        event = {
            "version": "0",
            "id": f"story-{function}",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "region": "eu-central-1",
            "resources": [],
            "detail": {},
        }
        try:
            self.market.invoke(function, event)
        except AssertionError as failed:
            raise StoryFailed(f"the story ends early: {failed}") from None

    def until(self, what: str, probe: Callable[[], T | None], act: Callable[[], None] | None = None) -> T:
        """The first value that `probe` gives; `act` is done before each look.

        Raises: StoryFailed: it gives none in time.
        """
        ends = time.monotonic() + PATIENCE_SECONDS
        for pause in _pauses():
            if act is not None:
                act()
            found = probe()
            if found is not None:
                return found
            if time.monotonic() > ends:
                break
            time.sleep(pause)
        raise StoryFailed(f"the story ends early: after {PATIENCE_SECONDS:.0f} s still not true: {what}")

    def wait_a_little(self, probe: Callable[[], bool]) -> None:
        """For what would be nice to have and may well not be."""
        ends = time.monotonic() + _A_LITTLE_SECONDS
        for pause in _pauses():
            if probe() or time.monotonic() > ends:
                return
            time.sleep(pause)

    def require(self, holds: bool, what: str) -> None:
        """Raises: StoryFailed: it does not hold."""
        if not holds:
            raise StoryFailed(f"the story ends early: not true: {what}")
