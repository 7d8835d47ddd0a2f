"""The HTTP paths of inventory: warehouses, stock and its movements."""

import re
from datetime import datetime
from typing import Annotated, ClassVar, Final

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.cloud.wire import Body, CountryCode, IdText, Line, View
from entrepot.kernel.refusals import NotFound
from functions.inventory.domain.stock import Cause, Level, Movement
from functions.inventory.domain.warehouse import Mode, Warehouse
from functions.inventory.service import movements, warehouses

api = Api(__name__)

_SKU: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_UNITS: Final = 10**9


class WarehouseBody(Body, frozen=True, kw_only=True):
    name: Line
    country: CountryCode
    mode: Mode


class WarehouseView(View, frozen=True, kw_only=True):
    id: str
    merchant_id: str | None
    name: str
    country: str
    mode: Mode
    created_at: datetime


class WarehousesQuery(Body, frozen=True, kw_only=True):
    merchant: IdText | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 24
    cursor: str | None = None


class WarehousesView(View, frozen=True, kw_only=True):
    data: list[WarehouseView]
    next_cursor: str | None


class MovementBody(Body, frozen=True, kw_only=True):
    """`units`: above zero for receipt and damage, signed for an adjustment, what stands there for a count."""

    SCHEMA: ClassVar = {
        "oneOf": [
            {"properties": {"cause": {"enum": ["receipt", "damage"]}, "units": {"minimum": 1}}},
            {"properties": {"cause": {"const": "adjustment"}, "units": {"not": {"const": 0}}}},
            {"properties": {"cause": {"const": "count"}, "units": {"minimum": 0}}},
        ]
    }

    warehouse_id: IdText
    units: Annotated[int, msgspec.Meta(ge=-_MOST_UNITS, le=_MOST_UNITS)]
    cause: Cause
    note: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*\Z")] = ""


class MovementView(View, frozen=True, kw_only=True):
    """`units` as given; `change` is what that did to on hand."""

    id: str
    sku: str
    warehouse_id: str
    units: int
    change: int
    cause: Cause
    note: str
    moved_at: datetime


class LevelView(View, frozen=True, kw_only=True):
    warehouse_id: str
    on_hand: int
    reserved: int
    available: int


class StockView(View, frozen=True, kw_only=True):
    sku: str
    warehouses: list[LevelView]


@api.get("/v1/warehouses", allow="warehouses.read", query=WarehousesQuery, refuses=(422,))
def list_warehouses(call: Call) -> WarehousesView:
    asked: WarehousesQuery = call.query
    binding = f"merchant={asked.merchant or ''}"
    after = call.after(asked.cursor, binding)
    page = warehouses.listed(call.member.merchant_id, asked.merchant, asked.limit, after)
    return WarehousesView(
        data=[_warehouse(each) for each in page.items], next_cursor=call.cursor(page.next_key, binding)
    )


@api.post("/v1/warehouses", allow="warehouses.write", status=201)
def create_warehouse(call: Call, body: WarehouseBody) -> WarehouseView:
    made = warehouses.create(call.member.merchant_id, body.name, body.country, body.mode, call.now)
    return _warehouse(made)


@api.post("/v1/stock/{sku}/movements", allow="stock.write", status=201, idempotent=True, refuses=(409, 422))
def move_stock(call: Call, body: MovementBody, sku: str) -> MovementView:
    wanted = movements.Instruction(
        sku=_checked(sku),
        warehouse_id=body.warehouse_id,
        cause=body.cause,
        units=body.units,
        note=body.note,
        merchant_id=call.merchant_id,
        member_id=call.member.member_id,
    )
    return _movement(movements.move(wanted, call.once(call.member.member_id), call.now))


@api.get("/v1/stock/{sku}", allow="stock.read")
def read_stock(call: Call, sku: str) -> StockView:
    levels = movements.levels(_checked(sku), call.member.merchant_id)
    return StockView(sku=sku, warehouses=[_level(each) for each in levels])


def _checked(sku: str) -> str:
    if not _SKU.fullmatch(sku):
        raise NotFound
    return sku


def _warehouse(warehouse: Warehouse) -> WarehouseView:
    return WarehouseView(
        id=warehouse.warehouse_id,
        merchant_id=warehouse.merchant_id,
        name=warehouse.name,
        country=warehouse.country,
        mode=warehouse.mode,
        created_at=warehouse.created_at,
    )


def _movement(movement: Movement) -> MovementView:
    return MovementView(
        id=movement.movement_id,
        sku=movement.sku,
        warehouse_id=movement.warehouse_id,
        units=movement.units,
        change=movement.change,
        cause=movement.cause,
        note=movement.note,
        moved_at=movement.moved_at,
    )


def _level(level: Level) -> LevelView:
    return LevelView(
        warehouse_id=level.warehouse_id,
        on_hand=level.on_hand,
        reserved=level.reserved,
        available=level.available,
    )
