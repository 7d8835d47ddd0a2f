"""Products over HTTP."""

from entrepot.cloud.call import Call, Tagged, tagged
from entrepot.cloud.http import Api
from entrepot.contracts.permissions import PUBLIC
from functions.catalogue import service
from functions.catalogue.domain import Editor, Entry
from functions.catalogue.shapes import (
    ProductBody,
    ProductPatch,
    ProductsQuery,
    ProductsView,
    ProductView,
    RevisionsQuery,
    RevisionsView,
    product_view,
    revision_view,
)

api = Api(__name__)


@api.post("/v1/products", allow="products.write", status=201, refuses=(409, 422))
def create_product(call: Call, body: ProductBody) -> Tagged[ProductView]:
    return _shown(service.create(body.value, _editor(call), call.now))


@api.get("/v1/products", allow=PUBLIC, query=ProductsQuery, refuses=(422,))
def list_products(call: Call) -> ProductsView:
    wanted: ProductsQuery = call.query
    key = service.list_key(wanted.category, wanted.tag, wanted.merchant)
    page = service.listed(key, wanted.limit, call.after(wanted.cursor, key))
    return ProductsView(data=page.items, next_cursor=call.cursor(page.next_key, key))


@api.get("/v1/products/{product_id}", allow=PUBLIC, scope="products.write")
def read_product(call: Call, product_id: str) -> Tagged[ProductView]:
    merchant_id = call.principal.merchant_id if call.principal else None
    return _shown(service.seen_by(product_id, merchant_id))


@api.patch("/v1/products/{product_id}", allow="products.write", if_match=True, refuses=(409, 422))
def change_product(call: Call, body: ProductPatch, product_id: str) -> Tagged[ProductView]:
    return _shown(service.amend(product_id, body.value, call.revision(), _editor(call), call.now))


@api.delete(
    "/v1/products/{product_id}", allow="products.write", if_match=True, status=204, refuses=(409, 422)
)
def delete_product(call: Call, product_id: str) -> None:
    service.delete(product_id, call.revision(), _editor(call), call.now)


@api.post("/v1/products/{product_id}/restore", allow="products.write", refuses=(409, 422))
def restore_product(call: Call, product_id: str) -> Tagged[ProductView]:
    return _shown(service.restore(product_id, _editor(call), call.now))


@api.post("/v1/products/{product_id}/publish", allow="products.write", refuses=(409, 422))
def publish_product(call: Call, product_id: str) -> Tagged[ProductView]:
    return _shown(service.publish(product_id, _editor(call), call.now))


@api.post("/v1/products/{product_id}/unpublish", allow="products.write", refuses=(422,))
def unpublish_product(call: Call, product_id: str) -> Tagged[ProductView]:
    return _shown(service.unpublish(product_id, _editor(call), call.now))


@api.get("/v1/products/{product_id}/revisions", allow="products.write", query=RevisionsQuery)
def list_revisions(call: Call, product_id: str) -> RevisionsView:
    wanted: RevisionsQuery = call.query
    page = service.history(product_id, _editor(call), wanted.limit, call.after(wanted.cursor, product_id))
    return RevisionsView(
        data=[revision_view(revision) for revision in page.items],
        next_cursor=call.cursor(page.next_key, product_id),
    )


def _editor(call: Call) -> Editor:
    return Editor(call.member.member_id, call.merchant_id)


def _shown(entry: Entry) -> Tagged[ProductView]:
    return tagged(product_view(entry), entry.product.revision)
