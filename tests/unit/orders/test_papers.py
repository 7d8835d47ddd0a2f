"""The papers of a shipment: what they say, that their letters are embedded, and that their sums are the order's."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from entrepot.kernel.money import Money
from functions.logistics import facade as logistics
from functions.logistics import typst_gateway
from functions.logistics.domain.declaration import KINDS
from functions.logistics.domain.paperwork import PAPERS
from functions.orders.domain.order import OrderLine, ShipmentRef
from functions.orders.domain.quote import Address
from functions.orders.service.documents import declaration
from tests.unit.orders.orders import line, order


def written(declared: logistics.Declaration, kind: str) -> bytes:
    return typst_gateway.rendered(PAPERS[kind](declared))


def text_of(declared: logistics.Declaration, kind: str) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(written(declared, kind))).pages)


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


def test_a_shipment_has_four_papers():
    assert list(KINDS) == list(PAPERS)
    assert list(KINDS) == [paper(DECLARED).kind for paper in PAPERS.values()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_paper_names_the_goods_in_their_own_script(kind):
    text = text_of(DECLARED, kind)

    parts = ("无线耳机", "Kopfhörer", "ヘッドホン", "한국어", "shp_1", "YT1234567890")
    assert [] == [part for part in parts if part not in text]


@pytest.mark.parametrize(
    "name",
    [
        "Åse Ødegård",
        "Zażółć Gęślą",
        "Łódź ő",
        "Nguyễn Ấn",
        "Жанна Ελένη",
        "王小明",
        "臺灣龍",
        "山田 太郎",
        "さくら",
        "김민준",
    ],
)
def test_a_consignee_is_named_as_she_writes_herself(name):
    declared = declaration(ORDER, replace(HOME, name=name), shipment("shp_1", LAMP=3, CUP=2), "Shop", "CN")

    assert name in text_of(declared, "cn23")


def test_every_font_is_embedded_as_a_subset_that_tells_its_letters():
    page: Any = PdfReader(BytesIO(written(DECLARED, "commercial_invoice"))).pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]

    bases = {font["/BaseFont"].partition("+")[2] for font in fonts}
    assert {"NotoSans-Regular", "NotoSansCJKjp-Regular-Identity-H"} == bases
    for font in fonts:
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
        assert "/ToUnicode" in font
        assert re.match(r"/[A-Z]{6}\+", font["/BaseFont"]), "the mark of a subset"
    assert 60_000 > len(written(DECLARED, "commercial_invoice"))


@pytest.mark.parametrize(
    ("country", "han"), [("CN", "zh-cn"), ("DE", "zh-cn"), ("JP", "ja-jp"), ("TW", "zh-tw")]
)
def test_chinese_characters_have_the_forms_of_the_destination(country, han):
    declared = declaration(ORDER, replace(HOME, country=country), shipment("shp_1", LAMP=1), "Shop", "CN")

    assert han == PAPERS["cn22"](declared).han


def test_markup_in_a_name_is_printed_as_it_is():
    title = '#strong[x] *y* $z$ \\ <a> @b // "c" #sys.inputs'
    declared = declaration(order(bought("LAMP", 1, title)), HOME, shipment("shp_1", LAMP=1), "#panic()", "CN")

    assert [] == [part for part in (title, "#panic()") if part not in text_of(declared, "cn23")]


def test_the_invoice_sums_to_what_the_buyer_paid():
    text = text_of(DECLARED, "commercial_invoice")

    assert Money(ORDER.total.amount, "EUR") == DECLARED.total
    assert "52.18" in text  # 5 x 10.00 + 1.00 + 0.50 + 0.77 + 0.01 - 0.10
    assert "851830" in text


def test_customs_is_told_the_value_of_the_goods_and_their_weight():
    text = text_of(DECLARED, "cn23")

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
    assert all("A" in text_of(declared, kind) for kind in KINDS)


def test_the_same_shipment_gives_the_same_bytes():
    assert written(DECLARED, "cn22") == written(DECLARED, "cn22")


def test_papers_are_named_by_all_that_they_say():
    other = [
        replace(DECLARED, tracking_number="YT2"),
        replace(DECLARED, consignee=replace(DECLARED.consignee, phone="+49")),
        replace(DECLARED, lines=DECLARED.lines[:1]),
    ]

    assert DECLARED.digest == replace(DECLARED).digest
    assert 4 == len({DECLARED.digest, *(each.digest for each in other)})


def test_many_lines_go_over_pages_and_each_page_bears_the_number():
    count = 60
    many = order(*(bought(f"SKU-{n}", 1, f"Product {n} " + "with a long name " * 4) for n in range(count)))
    units = {f"SKU-{n}": 1 for n in range(count)}

    pages = PdfReader(
        BytesIO(
            written(declaration(many, HOME, shipment("shp_1", **units), "Shop", "CN"), "commercial_invoice")
        )
    ).pages

    assert len(pages) > 1
    texts = [page.extract_text() for page in pages]
    assert [True] * len(pages) == ["No. shp_1" in text and f"/ {len(pages)}" in text for text in texts]
    assert count == sum(text.count("Product ") for text in texts)


@given(st.text(max_size=60))
@settings(max_examples=20, deadline=None)
def test_no_text_breaks_a_page(text):
    declared = replace(DECLARED, consignee=logistics.Party(text, (text,), text), carrier=text)

    assert 1 == len(PdfReader(BytesIO(written(declared, "packing_list"))).pages)


def test_the_date_is_that_of_the_hand_over():
    assert date(2026, 11, 25) == DECLARED.on
