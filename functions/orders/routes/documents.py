"""The papers of a shipment over HTTP."""

from datetime import date, datetime, timedelta
from typing import Final

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
    """`url` opens the file without signing in, until `links_expire_at`."""

    kind: str
    file_name: str
    media_type: str
    url: str


class FailureView(View, frozen=True):
    """Why there are no papers, and what to do."""

    code: str
    detail: str


class DocumentsView(View, frozen=True):
    """`status` is "none" (nobody has asked for them), "pending", "ready" or "failed". `data` of papers that are ready:
    commercial_invoice, cn22, cn23 and packing_list."""

    shipment_id: str
    status: str
    declaration: DeclarationView
    failure: FailureView | None
    data: list[PaperView]
    links_expire_at: datetime | None
    next_cursor: None = None


@api.post("/v1/shipments/{shipment_id}/documents", allow=documents.ACTION, status=202, refuses=(409,))
def ask_for_documents(call: Call, shipment_id: str) -> DocumentsView:
    return _view(*documents.asked(shipment_id, caller(call), call.now), call.now)


@api.get("/v1/shipments/{shipment_id}/documents", allow=documents.ACTION, refuses=(409,))
def read_documents(call: Call, shipment_id: str) -> DocumentsView:
    return _view(*documents.shown(shipment_id, caller(call), call.now), call.now)


def _view(declared: logistics.Declaration, papers: logistics.Papers | None, now: datetime) -> DocumentsView:
    status = papers.state.value if papers else "none"
    links = logistics.papers_links(papers) if papers and status == "ready" else ()
    until = now + timedelta(seconds=logistics.PAPERS_LINK_SECONDS)
    return DocumentsView(
        shipment_id=declared.shipment_id,
        status=status,
        declaration=_declaration(declared),
        failure=_FAILED if status == "failed" else None,
        data=[
            PaperView(kind=kind, file_name=name, media_type="application/pdf", url=url)
            for kind, name, url in links
        ],
        links_expire_at=until if status == "ready" else None,
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


_FAILED: Final = FailureView(
    code="papers_failed",
    detail="These papers could not be written. They are tried again by themselves for a quarter of an hour; if "
    "they are still failed then, ask for them again, and if that fails too, tell support the shipment's id.",
)
