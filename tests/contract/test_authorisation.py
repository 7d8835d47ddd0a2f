"""The matrix of who may call what (`authorisation.csv`, written from the API's description) is what the edge enforces.

A cell: `allow`; `own`, for the caller's own things, another's being answered as the column `foreign` says; `token`,
for who brings the thing's own token; `signed`, for who signed the body; `deny`.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from entrepot.cloud import auth, http
from entrepot.cloud.http import Route
from entrepot.contracts.permissions import ANY, GRANTS, PUBLIC, ROLES, permitted
from entrepot.kernel.clock import utc_now
from tests.support import aws as stand_in

ANONYMOUS = "anonymous"
CALLERS = (ANONYMOUS, *ROLES)
CELLS = {"allow", "own", "token", "signed", "deny"}
FOREIGN = {"404", "absent", "unreachable", ""}

Matrix = dict[tuple[str, str], dict[str, str]]


def matrix() -> Matrix:
    text = (Path(__file__).parent / "authorisation.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    read = {(row["method"], shape(row["path"])): row for row in rows}
    assert len(rows) == len(read), "a route stands twice in the matrix"
    return read


def shape(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"\{\w+\}", "{}", path)


def key(route: Route) -> tuple[str, str]:
    return route.method, shape(route.path)


def registered() -> list[Route]:
    import app

    return [route for api in app.APIS for route in api.routes]


def admitted(route: Route, caller: str) -> bool:
    """Whether the edge lets a caller of this role through to the use case."""
    return route.allow == PUBLIC or (caller != ANONYMOUS and permitted(caller, route.allow))


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
        claims = {"sub": "mbr_1", "sid": "ses_1", "exp": expires}
        made: dict[str, str | None] = {
            role: auth.sign({**claims, "role": role, "merchant_id": "mrc_1"}, auth.ACCESS) for role in ROLES
        }
        yield {ANONYMOUS: None, **made}


def test_the_matrix_says_only_what_can_be_read():
    for row in matrix().values():
        assert CELLS >= {row[caller] for caller in CALLERS}, row
        assert row["foreign"] in FOREIGN, row
        assert "own" not in row.values() or row["foreign"], row


def test_every_route_stands_in_the_matrix_and_declares_a_permission():
    routes = registered()

    assert [] == sorted(key(route) for route in routes if key(route) not in matrix())
    assert {route.allow for route in routes} <= {PUBLIC, ANY, *GRANTS}


def test_every_row_of_the_matrix_is_served():
    assert [] == sorted(matrix().keys() - {key(route) for route in registered()})


def test_every_permission_is_one_that_a_route_asks_for():
    assert [] == sorted(GRANTS.keys() - {route.allow for route in registered()})


def test_the_permission_table_is_the_matrix():
    assert [] == list(differences(matrix(), registered()))


def test_one_wrong_cell_is_found():
    routes = registered()
    for wrong in matrix():
        for caller in CALLERS:
            altered = matrix()
            altered[wrong][caller] = "deny" if altered[wrong][caller] != "deny" else "allow"
            served = sum(key(route) == wrong for route in routes)
            assert served == len(list(differences(altered, routes))), (wrong, caller)


def test_the_edge_lets_through_whom_the_matrix_lets_through(tokens):
    refused: dict[str, Sequence[int]] = {ANONYMOUS: (401,), **dict.fromkeys(ROLES, (403,))}
    expected = matrix()
    for route in registered():
        for caller in CALLERS:
            status = answer(route, tokens[caller])
            denied = expected[key(route)][caller] == "deny"
            assert status < 500, (route.method, route.path, caller, status)
            assert denied == (status in (401, 403)), (route.method, route.path, caller, status)
            assert not denied or status in refused[caller], (route.method, route.path, caller, status)


@pytest.mark.parametrize("role", ["", "root", "Operator", "operator ", "public", "any"])
def test_an_unknown_role_may_do_nothing(role):
    assert not any(permitted(role, action) for action in (*GRANTS, ANY, PUBLIC))


@pytest.mark.parametrize("role", ROLES)
def test_an_unknown_action_is_refused(role):
    assert not permitted(role, "orders.give_away")
    assert not permitted(role, PUBLIC)
