"""What a caller's requests are answered: each is really made, from the same rows, and what it changed is undone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from entrepot.cloud.http import Route
from entrepot.contracts.permissions import PLATFORM_ROLES
from tests.contract.authorisation import Matrix, outcomes, shape
from tests.integration.matrix import books, buying, people
from tests.integration.matrix.asked import Asked
from tests.integration.matrix.callers import COLUMNS, Caller
from tests.integration.matrix.world import World
from tests.support.http import Answer

ALL: Final = (
    *people.BASICS,
    *people.MEMBERS,
    *people.MERCHANTS,
    *people.OAUTH,
    *buying.CATALOGUE,
    *buying.INVENTORY,
    *buying.ORDERS,
    *buying.OUTSIDE,
    *books.SETTLEMENT,
    *books.CLEARING,
    *books.RATE_CARDS,
)
REQUESTS: Final[Mapping[tuple[str, str], Asked]] = {asked.key: asked for asked in ALL}
FORGED: Final = {
    "member_id": "<~member>",
    "merchant_id": "<~merchant>",
    "session_id": "<~session>",
    "sub": "<~member>",
}
"""Fields by which a request could try to name another where it has no place to."""


@dataclass(frozen=True)
class Cell:
    """What a caller's request came to, on their own thing and on another's, and what was expected."""

    method: str
    path: str
    caller: str
    found: tuple[str, str | None]
    expected: tuple[str, str | None]

    @property
    def wrong(self) -> str | None:
        if self.found == self.expected:
            return None
        parts = zip(("own", "foreign"), self.found, self.expected, strict=True)
        said = [f"{of}: {found}, not {expected}" for of, found, expected in parts if found != expected]
        return f"{self.method} {self.path} {self.caller} {'; '.join(said)}"


def registered() -> list[Route]:
    """Every route that the application serves."""
    import app

    return [route for api in app.APIS for route in api.routes]


def holes(
    expected: Matrix, routes: Iterable[Route], requests: Mapping[tuple[str, str], Asked]
) -> Iterator[str]:
    """Routes without a row or a request, and rows and requests without a route."""
    served = {(route.method, shape(route.path)) for route in routes}
    for what, there in (("row in authorisation.csv", expected.keys()), ("request", requests.keys())):
        yield from (f"{method} {path}: no {what}" for method, path in sorted(served - there))
        yield from (f"{method} {path}: a {what}, but no route" for method, path in sorted(there - served))


def cells(world: World, expected: Matrix, routes: Iterable[Route]) -> Iterator[Cell]:
    """Every cell of the routes that have a row and a request."""
    for route in routes:
        key = route.method, shape(route.path)
        if key not in expected or key not in REQUESTS:
            continue
        for name in COLUMNS:
            wanted = outcomes(expected[key], COLUMNS[name])
            found = answered(world, REQUESTS[key], world.callers[name], expected[key]["foreign"])
            yield Cell(route.method, route.path, name, found, wanted)


def answered(world: World, asked: Asked, caller: Caller, foreign: str) -> tuple[str, str | None]:
    """The outcomes on the caller's own thing and on another's; `foreign` says how another's could be named at all."""
    if asked.of_staff is not None and caller.name in PLATFORM_ROLES:
        asked = asked.of_staff
    own = _on_own(world, asked, caller)
    if not foreign:
        return own, None
    bold = caller.having(caller.guest_tokens)
    if foreign == "unreachable":
        found = {_reached(world, one, caller) for one in asked.with_forged(FORGED)}
    elif asked.shows and caller.name not in PLATFORM_ROLES:
        found = {_outcome(world, asked, caller, f"<~{asked.shows}>")}
    else:
        shown = asked.shows and f"<~{asked.shows}>"
        found = {_outcome(world, asked.on_anothers(), bold, shown)}
    mixed = {_outcome(world, one, bold) for one in asked.crossed}
    found |= {f"own and another's together: {one}" for one in mixed if one == "allow" or "written" in one}
    return own, " or ".join(sorted(found))


def _on_own(world: World, asked: Asked, caller: Caller) -> str:
    """`token`: only with the thing's own."""
    bare = _outcome(world, asked, caller, asked.shows and f"<{asked.shows}>")
    if bare != "404" or not asked.opened_by_token:
        return bare
    opened = _outcome(world, asked, caller.having(caller.guest))
    return "token" if opened == "allow" else opened


def _outcome(world: World, asked: Asked, caller: Caller, shown: str | None = None) -> str:
    """What it is answered. `shown`: what the answer has to show, or it is `absent`."""
    answer, touched = sent(world, asked, caller)
    if answer.status < 400:
        return "allow" if shown is None or caller.filled(shown) in answer.text else "absent"
    if touched:
        return f"{answer.status}, and something was written"
    return str(answer.status) if answer.status in (400, 401, 403, 404) else f"{answer.status} {answer.code}"


def _reached(world: World, asked: Asked, caller: Caller) -> str:
    """`unreachable`: refused as no request, or nothing of another's was told or touched."""
    answer, touched = sent(world, asked, caller)
    if answer.status in (401, 403):
        return str(answer.status)
    if answer.status in (400, 422) and not touched:
        return "unreachable"
    named = caller.foreign.keys() & {"member", "merchant", "session", "cart", "address", "order", "email"}
    told = sorted(name for name in named if caller.foreign[name] in f"{answer.text} {touched}")
    return "unreachable" if answer.status < 400 and not told else f"{answer.status}, naming another's {told}"


def sent(world: World, asked: Asked, caller: Caller) -> tuple[Answer, list[str]]:
    """The answer, and the rows that the request changed; what the audit log took down is none of them."""
    if asked.before is not None:
        caller = caller.having(asked.before(world, caller))
    kept, changes = world.store.kept(), world.store.changes
    answer = asked.send(world, caller)
    found = world.store.changed_since(kept) if world.store.changes != changes else {}
    touched = [str(row) for table, rows in found.items() if not table.endswith("-audit") for row in rows]
    world.restore()
    return answer, touched
