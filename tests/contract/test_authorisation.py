"""The matrix of who may call what (`authorisation.csv`, read by `authorisation.py`) is what the edge enforces.

What the routes really answer, on one's own things and on another's, is compared with the same file by `make matrix`
(tests/integration/matrix).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Final

import pytest

from entrepot.cloud import auth, http
from entrepot.cloud.http import Route
from entrepot.contracts.permissions import (
    ANY,
    GRANTS,
    IDENTITY_SCOPES,
    PUBLIC,
    ROLES,
    permitted,
)
from entrepot.kernel.clock import utc_now
from tests.contract.authorisation import (
    ANONYMOUS,
    APPLICATION,
    APPLICATION_SCOPES,
    CALLERS,
    CELLS,
    FOREIGN,
    NARROW,
    NARROW_SCOPE,
    Matrix,
    matrix,
    shape,
)
from tests.support import aws as stand_in

SERVICE_SCOPES: Final = frozenset(action for action, roles in GRANTS.items() if "service" in roles)
"""An API key always has scopes: the widest has these."""
SCOPES: Final = {
    "service": SERVICE_SCOPES,
    APPLICATION: frozenset(APPLICATION_SCOPES),
    NARROW: frozenset((NARROW_SCOPE,)),
}
"""Whose tokens are narrowed to scopes, and to which."""
AS_ROLE: Final = {APPLICATION: "shopper", NARROW: "service"}


def key(route: Route) -> tuple[str, str]:
    return route.method, shape(route.path)


def registered() -> list[Route]:
    import app

    return [route for api in app.APIS for route in api.routes]


def admitted(route: Route, caller: str) -> bool:
    """Whether the edge lets a caller through to the use case."""
    if route.allow == PUBLIC:
        return True
    scoped = caller not in SCOPES or (route.scope or route.allow) in SCOPES[caller]
    return caller != ANONYMOUS and permitted(AS_ROLE.get(caller, caller), route.allow) and scoped


def differences(expected: Matrix, routes: Iterable[Route]) -> Iterator[str]:
    for route in routes:
        for caller in CALLERS:
            cell = expected[key(route)][caller]
            if (cell != "deny") != admitted(route, caller):
                yield f"{route.method} {route.path} {caller}: {cell} is expected"


def answer(route: Route, token: str | None) -> int:
    """The status of a request that holds nothing but its token, where the use case would answer as it should."""
    harmless = replace(route, handler=lambda call, **_: None)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = SimpleNamespace(headers=headers, raw_body=b"", query_params=None, context={"requestId": "test"})
    status: int = http._answer(harmless, request, {}).status_code
    return status


@pytest.fixture(scope="module")
def tokens() -> Iterator[dict[str, str | None]]:
    """A valid access token of each role."""
    with stand_in.in_process():
        expires = int((utc_now() + timedelta(minutes=10)).timestamp())
        claims = {"sub": "mbr_1", "sid": "ses_1", "exp": expires, "merchant_id": "mrc_1"}
        yield {ANONYMOUS: None, **{caller: _token(caller, claims) for caller in CALLERS[1:]}}


def _token(caller: str, claims: dict[str, object]) -> str:
    scope = {"scope": " ".join(SCOPES[caller])} if caller in SCOPES else {}
    return auth.sign({**claims, "role": AS_ROLE.get(caller, caller), **scope}, auth.ACCESS)


def test_the_matrix_says_only_what_can_be_read():
    for row in matrix().values():
        assert CELLS >= {row[caller] for caller in CALLERS}, row
        assert row["foreign"] in FOREIGN, row
        assert "own" not in row.values() or row["foreign"], row


def test_every_route_stands_in_the_matrix_and_declares_a_permission():
    routes = registered()

    assert [] == sorted(key(route) for route in routes if key(route) not in matrix())
    assert {route.allow for route in routes} <= {PUBLIC, ANY, *GRANTS}
    assert {route.scope for route in routes if route.scope} <= {*GRANTS, *IDENTITY_SCOPES}


def test_every_row_of_the_matrix_is_served():
    assert [] == sorted(matrix().keys() - {key(route) for route in registered()})


def test_every_permission_is_one_that_a_route_asks_for():
    asked = {name for route in registered() for name in (route.allow, route.scope)}

    assert [] == sorted(GRANTS.keys() - asked)


def test_the_permission_table_is_the_matrix():
    assert [] == list(differences(matrix(), registered()))


def test_one_wrong_cell_is_found():
    routes, expected = registered(), matrix()
    for wrong in expected:
        for caller in CALLERS:
            cell = "deny" if expected[wrong][caller] != "deny" else "allow"
            altered = {**expected, wrong: {**expected[wrong], caller: cell}}
            served = [route for route in routes if key(route) == wrong]
            assert len(served) == len(list(differences(altered, served))), (wrong, caller)


def test_the_edge_lets_through_whom_the_matrix_lets_through(tokens):
    expected = matrix()
    for route in registered():
        for caller in CALLERS:
            status = answer(route, tokens[caller])
            denied = expected[key(route)][caller] == "deny"
            assert status < 500, (route.method, route.path, caller, status)
            assert denied == (status in (401, 403)), (route.method, route.path, caller, status)
            assert not denied or status == (401 if caller == ANONYMOUS else 403), (route, caller, status)


@pytest.mark.parametrize("role", ["", "root", "Operator", "operator ", "public", "any"])
def test_an_unknown_role_may_do_nothing(role):
    assert not any(permitted(role, action) for action in (*GRANTS, ANY, PUBLIC))


@pytest.mark.parametrize("role", ROLES)
def test_an_unknown_action_is_refused(role):
    assert not permitted(role, "orders.give_away")
    assert not permitted(role, PUBLIC)


def test_no_body_takes_a_field_that_it_does_not_name():
    """So that nobody gives themselves a role, a merchant or a price (mass assignment)."""
    named = {"role": {"StaffBody", "PlatformStaffBody"}}
    for route in registered():
        if route.body is None:
            continue
        shape = route.body
        assert shape.__struct_config__.forbid_unknown_fields, (route.method, route.path)
        for field in ("role", "merchant_id", "member_id", "revision"):
            taken = field in shape.__struct_encode_fields__
            assert not taken or shape.__name__ in named.get(field, ()), (route.method, route.path, field)
