"""Every route, asked by everybody for their own things and for others', is answered as `authorisation.csv` says."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from entrepot.cloud import auth
from entrepot.cloud.http import Route
from entrepot.contracts.permissions import GRANTS, PUBLIC
from entrepot.kernel.refusals import NotFound
from functions.catalogue import service as catalogue
from functions.membership.service.oauth import keys
from functions.orders.service import access
from tests.contract.authorisation import Matrix, matrix
from tests.integration.matrix.assigned import FORGED, TAKEN, let_through, named_by_bodies, structs
from tests.integration.matrix.callers import COLUMNS
from tests.integration.matrix.table import HEADS, MARKS, printed
from tests.integration.matrix.verdicts import REQUESTS, Cell, cells, holes, registered
from tests.integration.matrix.world import World, form_call, furnished


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with furnished() as world:
        yield world


def routes(*ends: str) -> list[Route]:
    """Those whose method and path end so."""
    found = [route for route in registered() if f"{route.method} {route.path}".endswith(ends)]
    assert len(ends) <= len(found)
    return found


def wrong(world: World, *ends: str, expected: Matrix | None = None) -> set[str]:
    return {
        cell.wrong for cell in cells(world, expected or matrix(), routes(*ends)) if cell.wrong is not None
    }


def test_nothing_is_left_out():
    assert [] == list(holes(matrix(), registered(), REQUESTS))
    assert HEADS.keys() == COLUMNS.keys()


def test_every_request_is_answered_as_the_matrix_says(world):
    found = list(cells(world, matrix(), registered()))

    assert [] == [cell.wrong for cell in found if cell.wrong is not None]
    assert len(registered()) * len(COLUMNS) == len(found)
    assert {mark for cell in found for mark in cell.found} == MARKS.keys()


def test_a_permission_that_was_widened_is_found(world, monkeypatch):
    monkeypatch.setitem(GRANTS, "ledger.read", GRANTS["ledger.read"] | {"support"})

    assert {
        "GET /v1/ledger/trial-balance support own: allow, not 403",
        "GET /v1/ledger/entries/{entry_id} support own: allow, not 403",
    } == wrong(world, "GET /v1/ledger/trial-balance", "GET /v1/ledger/entries/{entry_id}", "POST /v1/staff")


def test_a_permission_that_was_narrowed_is_found(world, monkeypatch):
    monkeypatch.setitem(GRANTS, "products.write", GRANTS["products.write"] - {"merchant_catalogue"})

    assert {
        "PATCH /v1/products/{product_id} merchant_catalogue own: 403, not allow; foreign: 403, not 404",
    } == wrong(world, "PATCH /v1/products/{product_id}")


def test_a_look_at_whose_it_is_that_was_dropped_is_found(world, monkeypatch):
    monkeypatch.setattr(keys, "_check_scope", lambda caller, merchant_id: None)

    assert {
        f"{method} merchant foreign: allow, not 404"
        for method in (
            "POST /v1/merchants/{merchant_id}/keys",
            "GET /v1/merchants/{merchant_id}/keys",
            "DELETE /v1/merchants/{merchant_id}/keys/{key_id}",
        )
    } == wrong(world, "/v1/merchants/{merchant_id}/keys/{key_id}", "/v1/merchants/{merchant_id}/keys")


def test_orders_that_anybody_may_see_are_found(world, monkeypatch):
    real = access.sight

    def sight(order: Any, caller: Any, action: str = "orders.read") -> access.Sight:
        return access.Sight(order, "operator") if order else real(order, caller, action)

    monkeypatch.setattr(access, "sight", sight)

    found = wrong(world, "GET /v1/orders/{order_id}")

    assert "GET /v1/orders/{order_id} shopper foreign: allow, not 404" in found
    assert "GET /v1/orders/{order_id} merchant foreign: allow, not 404" in found
    assert "GET /v1/orders/{order_id} anonymous own: allow, not token; foreign: allow, not 404" in found


def test_a_route_that_is_open_to_all_is_found(world, monkeypatch):
    (route,) = routes("GET /v1/audit")
    object.__setattr__(route, "allow", PUBLIC)
    try:
        found = wrong(world, "GET /v1/audit")
    finally:
        object.__setattr__(route, "allow", "audit.read")

    assert "GET /v1/audit anonymous own: allow, not 401" in found
    assert len(COLUMNS) - 2 == len(found)


def test_a_route_that_does_nothing_is_not_taken_for_one_that_lets_in(world, monkeypatch):
    def absent(*_: Any, **__: Any) -> None:
        raise NotFound

    monkeypatch.setattr(catalogue, "unpublish", absent)

    found = wrong(world, "POST /v1/products/{product_id}/unpublish")

    assert {
        f"POST /v1/products/{{product_id}}/unpublish {name} own: 404, not allow"
        for name in ("merchant", "merchant_catalogue", "key", "machine")
    } == found


def test_a_refusal_that_has_written_something_is_found(world, monkeypatch):
    real = catalogue.amend

    def amend(product_id: str, *given: Any) -> Any:
        world.store.call(
            "PutItem", TableName="entrepot-test-inbox", Item={"pk": {"S": "x"}, "sk": {"S": "x"}}
        )
        return real(product_id, *given)

    monkeypatch.setattr(catalogue, "amend", amend)

    found = wrong(world, "PATCH /v1/products/{product_id}")

    assert (
        "PATCH /v1/products/{product_id} merchant foreign: 404, and something was written, not 404" in found
    )


def test_a_route_without_a_row_or_a_request_is_found():
    here = registered()
    added = Route("GET", "/v1/secrets", "ledger.read", lambda call: None)

    assert ["GET /v1/secrets: no row in authorisation.csv", "GET /v1/secrets: no request"] == list(
        holes(matrix(), [*here, added], REQUESTS)
    )
    assert [
        "GET /health: a row in authorisation.csv, but no route",
        "GET /health: a request, but no route",
    ] == list(holes(matrix(), [route for route in here if route.path != "/health"], REQUESTS))


@pytest.mark.parametrize(("cell", "told"), [("deny", "own: allow, not 403"), ("own", None)])
def test_a_wrong_cell_of_the_file_is_found(world, cell, told):
    expected = matrix()
    expected["GET", "/v1/stock/{}"]["merchant"] = cell

    found = wrong(world, "GET /v1/stock/{sku}", expected=expected)

    assert (1 if told else 0) == len(found)
    assert all(told in line for line in found if told)


def test_the_table_marks_what_is_not_as_expected():
    good = Cell("GET", "/v1/x", "shopper", ("allow", "404"), ("allow", "404"))
    bad = Cell("GET", "/v1/x", "merchant", ("allow", "allow"), ("allow", "404"))

    assert "+4 +!" == printed([good, bad])[-1][-5:]


def test_only_these_bodies_name_a_field_that_nobody_may_give_themselves():
    assert TAKEN == named_by_bodies(registered())


def test_every_part_of_every_body_refuses_fields_that_it_does_not_name():
    bodies = [route.body for route in registered() if route.body is not None]

    assert [] == [
        struct.__name__
        for body in bodies
        for struct in structs(body)
        if not struct.__struct_config__.forbid_unknown_fields
    ]


def test_nobody_gives_themselves_a_role_a_merchant_or_a_state(world):
    assert [] == list(let_through(world, matrix(), registered()))


def test_a_body_that_takes_any_field_is_found(world, monkeypatch):
    class Lax(msgspec.Struct, frozen=True, kw_only=True):
        locale: str | UnsetType = UNSET
        nickname: str | UnsetType | None = UNSET
        preferences: Any = UNSET

    (route,) = routes("PATCH /v1/me")
    kept = route.decoder
    object.__setattr__(route, "decoder", msgspec.json.Decoder(Lax))
    try:
        found = list(let_through(world, matrix(), [route]))
    finally:
        object.__setattr__(route, "decoder", kept)

    assert len(FORGED) == len(found)
    assert "PATCH /v1/me  role: 200" in found


def test_a_form_gives_nobody_more_than_its_client_has(world):
    caller = world.callers["key"]
    form = {
        "grant_type": "client_credentials",
        "client_id": caller.own["key_client"],
        "client_secret": caller.own["key_secret"],
    }
    forged = {name: str(value) for name, value in FORGED.items() if name != "id"}

    plain, more = (
        form_call("/v1/oauth/token", {**form, **added}).json["access_token"] for added in ({}, forged)
    )

    assert auth.principal(plain, world.now) == auth.principal(more, world.now)
    world.restore()
