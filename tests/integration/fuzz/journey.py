"""Requests one after the other along the document's links: product, stock, cart, quote, order, parcel, cancellation.

Each is made by whom it is for, and begins with what the last one answered; an order may be paid on its way. A thing
that is not there yet, or not any more, is asked for as well.
"""

import itertools
from typing import Any, Final

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.core import NotSet
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.case import Case

from infra.openapi_links import named
from tests.contract.authorisation import shape
from tests.integration.fuzz import after
from tests.integration.fuzz.aiming import OWN, Good, asked, good
from tests.integration.fuzz.findings import Cell, Report
from tests.integration.fuzz.scene import Scene
from tests.integration.matrix.callers import Caller
from tests.support.shop import Merchant

ROLE: Final = "journey"
STEPS: Final = 20
_BY: Final = ("shopper", "merchant", "operator")


_SELLING: Final = """
    create_product read_product change_product publish_product unpublish_product delete_product restore_product
    list_revisions create_warehouse move_stock read_stock
"""
_BUYING: Final = """
    open_cart read_cart set_cart_line remove_cart_line make_quote place_order read_order cancel_order pay_order
"""
_DELIVERING: Final = """
    make_quote place_order read_order cancel_order pack_order ship_order make_refund read_shipment
    ask_for_documents read_documents
"""
TRIPS: Final = {
    "selling": frozenset(_SELLING.split()),
    "buying": frozenset(_BUYING.split()),
    "delivering": frozenset(_DELIVERING.split()),
}
"""Operations that follow one another; those of the links that stand in none go on a trip of their own."""


def trips() -> dict[str, frozenset[str]]:
    """Every operation of the links, by the trip that leads over it."""
    return {**TRIPS, "rest": frozenset(named()).difference(*TRIPS.values())}


def travelled(scene: Scene, journeys: int, trip: str) -> Report:
    """So many journeys of a trip, each from the same rows."""
    guide, operations = _Guide(scene, trip), trips()[trip]

    class Journey(scene.schema.include(operation_id=sorted(operations)).as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            super().setup()
            if guide.begun == journeys:
                raise _Enough
            guide.begin()

        def step(self, input: Any) -> Any:  # noqa: A002  as it is called there
            self._linked = _linked(input)
            return super().step(input)

        def before_call(self, case: Case[Any]) -> None:
            guide.prepare(case, self._linked)

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            return {"headers": guide.headers(case)}

        def validate_response(self, response: Any, case: Case[Any], *_: Any, **__: Any) -> None:
            guide.arrived(case, response, self.recorder)

        def teardown(self) -> None:
            guide.end()
            super().teardown()

    seed(scene.seed_of(ROLE, trip))(Journey)
    planned = settings(
        max_examples=journeys,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
    )
    try:
        Journey.run(settings=planned)
    except (
        _Enough,
        FlakyStrategyDefinition,
    ):  # to Hypothesis a journey that is not begun draws less than it did
        if guide.begun < journeys:
            raise
    return scene.report


def _linked(step: Any) -> set[str]:
    """What a link has given: names of parameters, and of fields of the body as `{name}`."""
    return {
        name if place is not ParameterLocation.BODY else f"{{{name}}}"
        for place, name in step.applied_parameters
        if name is not None
    }


class _Enough(Exception):
    """Hypothesis counts only journeys that came to their end, and one that ran into a dead end was one too."""


class _Guide:
    """Who goes, and with what."""

    def __init__(self, scene: Scene, trip: str) -> None:
        self._scene, self._trip = scene, trip
        self._cells = {cell.operation: cell for cell in scene.report.cells if cell.role == ROLE}
        self._last = Cell("nothing", ROLE, allowed=False)
        self.begun = 0
        self._numbers = itertools.count(1)
        self._skus: list[str] = []

    def begin(self) -> None:
        self.begun += 1
        self._numbers = itertools.count(1)
        self._skus = ["PHONES-1"]
        self._scene.world.restore()
        if self._trip == "buying":  # what was only just made and published can be bought as well
            owner = self._scene.world.callers["merchant"]
            assert owner.token is not None, "the owner has signed in"
            seller = Merchant(owner.own["merchant"], owner.token)
            self._scene.world.shop.stocked("J-NEW", 30, seller)
            self._skus.append("J-NEW")

    def end(self) -> None:
        self._scene.settle(self._last)

    def caller(self, case: Case[Any]) -> Caller:
        row = self._scene.expected[case.operation.method.upper(), shape(case.operation.path)]
        role = next(role for role in _BY if row[role] != "deny")
        return self._scene.world.callers[role]

    def headers(self, case: Case[Any]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.caller(case).token}"}

    def prepare(self, case: Case[Any], linked: set[str]) -> None:
        """What no link has given is as in a good request, but for every fourth body, which stays as generated."""
        number, known = next(self._numbers), self._good(case)
        if known is not None:
            own = {name: value for name, value in known.path.items() if name not in linked}
            case.path_parameters = {**case.path_parameters, **own}
            for name, value in known.headers.items():
                if name not in linked:
                    case.headers[name] = value
            if isinstance(known.body, dict) and number % 4:
                case.body = {**known.body, **_given(case.body, linked)}
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = f"journey-{number}"
        if "sku" in case.path_parameters and "sku" not in linked:
            case.path_parameters = {**case.path_parameters, "sku": self._skus[number % len(self._skus)]}
        if case.operation.label == "POST /v1/products" and isinstance(case.body, dict):
            case.body = {**case.body, "variants": _named(case.body.get("variants"), number)}

    def _good(self, case: Case[Any]) -> Good | None:
        wanted = asked(case.operation.method, case.operation.path)
        if wanted.before is not None:
            return None
        return good(self._scene.world, self.caller(case), case.operation.path, wanted, OWN)

    def arrived(self, case: Case[Any], response: Any, recorder: Any) -> None:
        label = case.operation.label
        if label not in self._cells:
            self._cells[label] = Cell(label, ROLE, allowed=True)
            self._scene.report.cells.append(self._cells[label])
        self._last = self._cells[label]
        self._scene.checked(case, response, self.headers(case), self._last, recorder)
        if response.status_code == 200 and label == "POST /v1/products/{product_id}/publish":
            self._skus.append(response.json()["variants"][0]["sku"])
        if response.status_code == 201 and label == "POST /v1/orders" and next(self._numbers) % 2:
            self._pay(case.body, response.json())

    def _pay(self, asked_for: Any, placed: Any) -> None:
        if asked_for["payment"]["method"] == "card" and placed["payment"].get("client_secret"):
            provider = self._scene.world.provider
            provider.pay(placed)
            while provider.new_events():
                provider.deliver()
                for line in after.delivered():  # the provider tells of orders of other journeys too
                    self._scene.found(self._last, "after", line, placed["id"])


def _given(body: Any, linked: set[str]) -> dict[str, Any]:
    """The fields of a body that a link has given."""
    if isinstance(body, NotSet) or not isinstance(body, dict):
        return {}
    return {name: value for name, value in body.items() if f"{{{name}}}" in linked}


def _named(variants: Any, number: int) -> Any:
    """Variants under SKUs that nobody has taken."""
    if not isinstance(variants, list):
        return variants
    return [
        {**variant, "sku": f"J-{number}-{place}"} if isinstance(variant, dict) else variant
        for place, variant in enumerate(variants)
    ]
