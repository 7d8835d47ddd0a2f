"""The links of the OpenAPI document: what of an answer names the thing in the requests that may follow.

Each row: the operation that answers, those that may follow, and which of their parameters (`{…}`: fields of the body)
is what of the answer. A client finds the next step in it, and `make fuzz` walks along it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_ID: Final = "$response.body#/id"
_TOKEN: Final = {"header.Order-Token": "$response.body#/order_token"}
_CART: Final = {"cart_id": _ID, "header.Cart-Token": "$response.body#/cart_token"}
_TAG: Final = {"header.If-Match": "$response.header.ETag"}
_PRODUCT: Final = {"product_id": _ID}
_ADDRESS: Final = {"address_id": _ID}

Named = Mapping[str, str]

LINKS: Final[Mapping[str, Mapping[str, Named]]] = {
    "create_product": {
        "read_product": _PRODUCT,
        "publish_product": _PRODUCT,
        "change_product": {**_PRODUCT, **_TAG},
        "delete_product": {**_PRODUCT, **_TAG},
        "list_revisions": _PRODUCT,
    },
    "change_product": {
        "read_product": _PRODUCT,
        "change_product": {**_PRODUCT, **_TAG},
        "delete_product": {**_PRODUCT, **_TAG},
    },
    "publish_product": {
        "read_product": _PRODUCT,
        "unpublish_product": _PRODUCT,
        "change_product": {**_PRODUCT, **_TAG},
        "delete_product": {**_PRODUCT, **_TAG},
        "move_stock": {"sku": "$response.body#/variants/0/sku"},
        "read_stock": {"sku": "$response.body#/variants/0/sku"},
    },
    "delete_product": {
        "restore_product": {"product_id": "$request.path.product_id"},
        "read_product": {"product_id": "$request.path.product_id"},
    },
    "create_warehouse": {"move_stock": {"{warehouse_id}": _ID}},
    "open_cart": {
        "read_cart": _CART,
        "set_cart_line": _CART,
        "remove_cart_line": _CART,
        "make_quote": {"{cart_id}": _ID, "header.Cart-Token": "$response.body#/cart_token"},
    },
    "set_cart_line": {
        "make_quote": {"{cart_id}": _ID, "header.Cart-Token": "$request.header.Cart-Token"},
    },
    "make_quote": {
        "place_order": {"{quote_id}": _ID, "{option_id}": "$response.body#/options/0/id"},
    },
    "place_order": {
        "read_order": {"order_id": _ID, **_TOKEN},
        "cancel_order": {"order_id": _ID, **_TOKEN},
        "pay_order": {"order_id": _ID, **_TOKEN},
        "pack_order": {"order_id": _ID},
        "ship_order": {"order_id": _ID},
        "make_refund": {"{order_id}": _ID},
    },
    "ship_order": {
        "read_shipment": {"shipment_id": _ID},
        "ask_for_documents": {"shipment_id": _ID},
        "read_documents": {"shipment_id": _ID},
    },
    "add_address": {
        "read_address": _ADDRESS,
        "change_address": {**_ADDRESS, **_TAG},
        "remove_address": _ADDRESS,
    },
    "me": {"edit_me": _TAG},
    "make_key": {"revoke_key": {"merchant_id": "$request.path.merchant_id", "key_id": _ID}},
    "register_client": {"remove_client": {"client_id": "$response.body#/client_id"}},
    "export_me": {"read_export": {"export_id": _ID}},
}


def links(operation_id: str) -> dict[str, Any]:
    """The links of an operation's success."""
    return {target: _link(target, named) for target, named in LINKS.get(operation_id, {}).items()}


def named() -> Iterator[str]:
    """Every operation that a row names."""
    for source, targets in LINKS.items():
        yield from (source, *targets)


def _link(target: str, named: Named) -> dict[str, Any]:
    body = {name.strip("{}"): value for name, value in named.items() if name.startswith("{")}
    parameters = {name: value for name, value in named.items() if not name.startswith("{")}
    return {
        "operationId": target,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": body} if body else {}),
    }
