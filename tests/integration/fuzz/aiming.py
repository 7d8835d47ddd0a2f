"""Generated cases, aimed: with ids that exist, tokens that open, and bodies that are a good one but for a place.

What is purely generated never gets beyond a 404. The good requests are those of the matrix.
"""

import copy
import json
import re
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from hypothesis import strategies as st
from schemathesis.core import NOT_SET, NotSet
from schemathesis.generation.case import Case

from entrepot.contracts.permissions import PLATFORM_ROLES
from tests.contract.authorisation import shape
from tests.integration.fuzz.door import SIGNED
from tests.integration.matrix.asked import Asked
from tests.integration.matrix.callers import Caller
from tests.integration.matrix.verdicts import REQUESTS
from tests.integration.matrix.world import World

OWN: Final = "own"
FOREIGN: Final = "foreign"
GENERATED: Final = "generated"


@dataclass(frozen=True)
class Aim:
    """Where a case is aimed. `whose`: its ids are the caller's own, another's, or as generated. The others: whether
    that part is the good request's, a graft of what was generated on that, or as generated. `salt`: which graft.
    """

    whose: str
    body: str
    query: str
    headers: str
    salt: int


def aims() -> st.SearchStrategy[Aim]:
    """Mostly the caller's own things, and rather a good request with one thing wrong than nothing right."""
    return st.builds(
        Aim,
        whose=st.sampled_from((OWN, OWN, OWN, OWN, FOREIGN, GENERATED)),
        body=st.sampled_from(("good", "graft", "graft", "graft", GENERATED)),
        query=st.sampled_from(("good", "graft", GENERATED)),
        headers=st.sampled_from(("good", "good", "good", GENERATED)),
        salt=st.integers(0, 2**16),
    )


GOOD: Final = Aim(OWN, "good", "good", "good", 0)


@dataclass(frozen=True)
class Good:
    """A good request of a caller in parts. `path`: its parameters by the document's names."""

    path: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    signs: bool


def asked(method: str, path: str) -> Asked:
    return REQUESTS[method.upper(), shape(path)]


def good(
    world: World, caller: Caller, template: str, wanted: Asked, whose: str, by_token: bool = False
) -> Good:
    """`wanted` as `caller` makes it on their own thing, or on another's; what has to happen before it has happened.

    Args: by_token: the thing is a guest's, and its token opens it.
    """
    if wanted.of_staff is not None and caller.name in PLATFORM_ROLES:
        wanted = wanted.of_staff
    one = wanted.on_anothers() if whose == FOREIGN and wanted.signs is None else wanted
    if by_token and whose == OWN:
        caller = caller.having(caller.guest)
    if one.before is not None:
        caller = caller.having(one.before(world, caller))
    address, _, query = caller.filled(one.path).partition("?")
    body: Any = NOT_SET
    if one.body is not None:
        body = json.loads(caller.filled(json.dumps(one.body)))
    if one.form is not None:
        body = {name: caller.filled(value) for name, value in one.form.items()}
    if one.signs is not None:
        body = json.loads(one.signs(world)[0])
    headers = {name: caller.filled(value) for name, value in one.headers.items()}
    return Good(
        _parameters(template, address),
        dict(parse_qsl(query, keep_blank_values=True)),
        {name: value for name, value in headers.items() if value},
        body,
        one.signs is not None,
    )


def aimed(case: Case[Any], aim: Aim, known: Good) -> Case[Any]:
    """The case with parts of the good request in place of what was generated; changed in place."""
    random = Random(aim.salt)
    if aim.whose != GENERATED and known.path:
        case.path_parameters = {**case.path_parameters, **known.path}
    if aim.query == "good":
        case.query = dict(known.query)
    elif aim.query == "graft":
        case.query = {**known.query, **_some(case.query, random)}
    if aim.headers == "good":
        for name, value in known.headers.items():
            case.headers[name] = value
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = f"fuzz-{random.randrange(8)}"
    if known.signs and aim.headers == "good":
        case.headers["X-Fuzz-Signature"] = SIGNED
    if not isinstance(known.body, NotSet) and aim.body != GENERATED:
        grafted = (
            _grafted(known.body, case.body, random) if aim.body == "graft" else copy.deepcopy(known.body)
        )
        case.body = grafted
        case.media_type = case.media_type or "application/json"
    return case


def _parameters(template: str, address: str) -> dict[str, str]:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]*)", template)
    found = re.fullmatch(pattern, address)
    assert found is not None, f"{address} is not at {template}"
    return {name: unquote(value) for name, value in found.groupdict().items()}


def _some(values: dict[str, Any], random: Random) -> dict[str, Any]:
    return {name: value for name, value in values.items() if random.random() < 0.5}


def _grafted(trunk: Any, scion: Any, random: Random) -> Any:
    """A copy of the good body in which one place is as it was generated."""
    if not isinstance(trunk, dict) or not isinstance(scion, dict) or not scion:
        return copy.deepcopy(scion if random.random() < 0.5 and not isinstance(scion, NotSet) else trunk)
    made = copy.deepcopy(trunk)
    name = random.choice(sorted(scion, key=str))
    inner, generated = made.get(name), scion[name]
    if isinstance(inner, dict) and isinstance(generated, dict) and random.random() < 0.8:
        made[name] = _grafted(inner, generated, random)
    elif isinstance(inner, list) and isinstance(generated, list) and inner and generated:
        made[name] = [_grafted(inner[0], generated[0], random), *inner[1:]]
    else:
        made[name] = copy.deepcopy(generated)
    return made
