"""The papers of a shipment: what they say, that they fit their pages, and that their sums are the order's."""

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from entrepot.kernel.money import Money
from functions.logistics import facade as logistics
from functions.logistics.domain import pdf
from functions.orders.domain.order import OrderLine, ShipmentRef
from functions.orders.domain.quote import Address
from functions.orders.service.documents import declaration
from tests.unit.orders.orders import line, order

KINDS = ["commercial_invoice", "cn22", "cn23", "packing_list"]


def shipment(shipment_id: str, **units: int) -> logistics.Shipment:
    return logistics.Shipment(
        shipment_id, "ord_1", "mrc_1", "yunexpress", "YT1234567890", tuple(units.items()), None,
        datetime(2026, 11, 25, tzinfo=UTC),
    )  # fmt: skip


def bought(sku: str, quantity: int, title: str, **charges: int) -> OrderLine:
    made = line(sku, "mrc_1", quantity, **charges)
    return replace(
        made,
        bought=replace(made.bought, title=title, hs_code="851830", origin_country="CN", weight_grams=240),
    )


LAMP = bought("LAMP", 3, "无线耳机 Kopfhörer", freight=100, duty=50, import_tax=77, fees=1, discount=10)
CUP = bought("CUP", 2, "ヘッドホン 한국어")
ORDER = order(LAMP, CUP)
HOME = Address("Anna", "Torstraße 1", "Berlin", "10119", "DE")
DECLARED = declaration(ORDER, HOME, shipment("shp_1", LAMP=3, CUP=2), "深圳灯具", "CN")


def texts(declared: logistics.Declaration) -> dict[str, str]:
    return {
        kind: "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
        for kind, content in logistics.papers(declared)
    }


def test_a_shipment_has_four_papers():
    assert KINDS == [kind for kind, _ in logistics.papers(DECLARED)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_paper_names_the_goods_in_their_own_script(kind):
    text = texts(DECLARED)[kind]

    assert [] == [
        part
        for part in ("无线耳机", "Kopfhörer", "ヘッドホン", "한국어", "shp_1", "YT1234567890")
        if part not in text
    ]


def test_the_invoice_sums_to_what_the_buyer_paid():
    text = texts(DECLARED)["commercial_invoice"]

    assert Money(ORDER.total.amount, "EUR") == DECLARED.total
    assert "52.18" in text  # 5 x 10.00 + 1.00 + 0.50 + 0.77 + 0.01 - 0.10
    assert "851830" in text


def test_customs_is_told_the_value_of_the_goods_and_their_weight():
    text = texts(DECLARED)["cn23"]

    assert (1200, [("LAMP", 3, 3000), ("CUP", 2, 2000)]) == (
        DECLARED.net_grams, [(each.sku, each.quantity, each.goods.amount) for each in DECLARED.lines],
    )  # fmt: skip
    assert [] == [part for part in ("EUR 50.00", "1.200", "深圳灯具", "Torstraße 1") if part not in text]


@given(st.integers(1, 20), st.data())
@settings(max_examples=30, deadline=None)
def test_the_papers_of_all_shipments_sum_to_the_line_to_the_minor_unit(units, data):
    first = data.draw(st.integers(0, units))
    whole = bought("LAMP", units, "Lamp", freight=101, duty=7, import_tax=333, fees=1, discount=13)
    parts = [shipment(f"shp_{n}", LAMP=count) for n, count in enumerate((first, units - first)) if count]
    refs = tuple(
        ShipmentRef(each.shipment_id, "mrc_1", each.carrier, each.tracking_number, each.lines, "registered")
        for each in parts
    )
    held = replace(order(whole), shipments=refs)

    declared = [declaration(held, HOME, each, "Shop", "CN") for each in parts]

    assert whole.bought.total.amount == sum(each.total.amount for each in declared)
    # What is shipped later changes no earlier paper.
    assert declared[0] == declaration(replace(held, shipments=refs[:1]), HOME, parts[0], "Shop", "CN")


def test_an_order_that_kept_no_codes_and_weights_has_papers_all_the_same():
    declared = declaration(order(line("A")), HOME, shipment("shp_1", A=1), "Shop", "CN")

    assert None is declared.net_grams
    assert KINDS == list(texts(declared))


def test_the_same_shipment_gives_the_same_bytes():
    assert list(logistics.papers(DECLARED)) == list(logistics.papers(DECLARED))


def test_many_lines_go_over_pages_and_each_page_bears_the_number():
    many = order(*(bought(f"SKU-{n}", 1, f"Product {n} " + "with a long name " * 4) for n in range(30)))

    declared = declaration(many, HOME, shipment("shp_1", **{f"SKU-{n}": 1 for n in range(30)}), "Shop", "CN")

    pages = PdfReader(BytesIO(dict(logistics.papers(declared))["commercial_invoice"])).pages
    assert len(pages) > 1
    assert ["shp_1" in page.extract_text() for page in pages] == [True] * len(pages)


@given(st.text(max_size=80), st.integers(20, 300))
@settings(max_examples=40, deadline=None)
def test_no_line_is_wider_than_its_room_unless_one_letter_is(text, room):
    for each in pdf.wrapped(text, room):
        assert pdf.width(each) <= room or len(each) <= 1


@given(st.text(max_size=60))
@settings(max_examples=30, deadline=None)
def test_no_text_breaks_a_page(text):
    page = pdf.Page()
    page.text(50, 700, text)
    page.right(500, 650, text, bold=True)

    assert 1 == len(PdfReader(BytesIO(pdf.rendered([page], text))).pages)


def test_letters_that_no_font_has_lose_their_marks():
    page = pdf.Page()
    page.text(50, 700, "Zażółć Łódź ő 😀")

    assert "Zazólc Lódz o ?" == PdfReader(BytesIO(pdf.rendered([page], "t"))).pages[0].extract_text().strip()


def test_the_date_is_that_of_the_hand_over():
    assert date(2026, 11, 25) == DECLARED.on
