"""The papers of a shipment over HTTP."""

import base64
from datetime import date

from entrepot.cloud.call import Call
from entrepot.cloud.wire import View
from entrepot.kernel.money import Money
from functions.logistics import facade as logistics
from functions.orders.routes import api
from functions.orders.routes.orders import caller
from functions.orders.service import documents


class DeclaredLineView(View, frozen=True):
    sku: str
    description: str
    quantity: int
    goods: Money
    hs_code: str | None
    origin_country: str | None
    net_grams: int | None


class DeclarationView(View, frozen=True):
    """What customs is told. `net_grams` is null where an old order did not keep the weight of a line."""

    order_id: str
    on: date
    incoterm: str
    lines: list[DeclaredLineView]
    total: Money
    net_grams: int | None


class PaperView(View, frozen=True):
    """`content` is the file in base64."""

    kind: str
    file_name: str
    media_type: str
    content: str


class DocumentsView(View, frozen=True):
    """`data`: commercial_invoice, cn22, cn23 and packing_list."""

    shipment_id: str
    declaration: DeclarationView
    data: list[PaperView]
    next_cursor: None = None


@api.get("/v1/shipments/{shipment_id}/documents", allow=documents.ACTION)
def read_documents(call: Call, shipment_id: str) -> DocumentsView:
    declared = documents.declared(shipment_id, caller(call))
    return DocumentsView(
        shipment_id=shipment_id,
        declaration=_declaration(declared),
        data=[
            PaperView(
                kind=kind,
                file_name=f"{kind}-{shipment_id}.pdf",
                media_type="application/pdf",
                content=base64.b64encode(content).decode(),
            )
            for kind, content in logistics.papers(declared)
        ],
    )


def _declaration(declared: logistics.Declaration) -> DeclarationView:
    return DeclarationView(
        order_id=declared.order_id,
        on=declared.on,
        incoterm=declared.incoterm,
        lines=[
            DeclaredLineView(
                sku=line.sku,
                description=line.description,
                quantity=line.quantity,
                goods=line.goods,
                hs_code=line.hs_code,
                origin_country=line.origin_country,
                net_grams=line.net_grams,
            )
            for line in declared.lines
        ],
        total=declared.total,
        net_grams=declared.net_grams,
    )
