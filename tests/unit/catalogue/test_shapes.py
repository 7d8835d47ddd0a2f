"""What a product's body may hold: each case names the field at fault."""

import json
from typing import Any

import msgspec
import pytest

from entrepot.cloud import wire
from entrepot.kernel.money import Money
from functions.catalogue.domain import Dimensions, LocalText, Variant
from functions.catalogue.shapes import ProductBody, ProductPatch, ProductsQuery

BODY = msgspec.json.Decoder(ProductBody)
PATCH = msgspec.json.Decoder(ProductPatch)
VARIANT: dict[str, Any] = {"sku": "CUP-1", "price": {"amount": 1990, "currency": "EUR"}, "weight_grams": 320}
PRODUCT: dict[str, Any] = {"title": "Cup", "origin_country": "CN", "variants": [VARIANT]}


def read(**changes: Any) -> ProductBody:
    return wire.decoded(json.dumps({**PRODUCT, **changes}).encode(), BODY)


def patch(**fields: Any) -> dict[str, Any]:
    return wire.decoded(json.dumps(fields).encode(), PATCH).value


def refused_field(**changes: Any) -> str:
    with pytest.raises(wire.InvalidRequest) as refused:
        read(**changes)
    field: str = refused.value.facts["field"]
    return field


def test_a_body_becomes_details() -> None:
    details = read(
        texts={"zh-CN": {"title": "杯子"}, "de": {"title": "Tasse", "description": "Aus Porzellan.\nWeiß."}},
        tags=["kitchen", "新品", "kitchen"],
        hs_code="69111000",
        variants=[{**VARIANT, "dimensions_mm": {"length": 90, "width": 80, "height": 100}}],
    ).value

    assert {"zh-CN": LocalText("杯子"), "de": LocalText("Tasse", "Aus Porzellan.\nWeiß.")} == details.texts
    assert ("kitchen", "新品") == details.tags
    assert (Variant("CUP-1", Money(1990, "EUR"), 320, Dimensions(90, 80, 100)),) == details.variants


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("title", {"title": ""}),
        ("title", {"title": "   "}),
        ("title", {"title": "a\nb"}),
        ("title", {"title": "a\u0000"}),
        ("title", {"title": "a\n"}),
        ("title", {"title": "x" * 201}),
        ("title", {"title": 7}),
        ("description", {"description": "a\u0007"}),
        ("category_id", {"category_id": "Home & Living"}),
        ("category_id", {"category_id": ""}),
        ("category_id", {"category_id": "kitchen\n"}),
        ("tags[0]", {"tags": ["a#b"]}),
        ("tags[0]", {"tags": [" a"]}),
        ("tags", {"tags": [f"t{i}" for i in range(21)]}),
        ("origin_country", {"origin_country": "China"}),
        ("hs_code", {"hs_code": "69111"}),
        ("hs_code", {"hs_code": "69111000001"}),
        ("hs_code", {"hs_code": "6911.10"}),
        ("hs_code", {"hs_code": "٦٩١١١٠"}),
        ("tax_category", {"tax_category": "Books!"}),
        ("texts[...].title", {"texts": {"de": {"title": ""}}}),
        ("stock", {"stock": 5}),
        ("variants", {"variants": []}),
        ("variants", {"variants": [{**VARIANT, "sku": f"S{i}"} for i in range(41)]}),
        ("variants[0].sku", {"variants": [{**VARIANT, "sku": "-CUP"}]}),
        ("variants[0].sku", {"variants": [{**VARIANT, "sku": "C" * 65}]}),
        ("variants[0].price.amount", {"variants": [{**VARIANT, "price": {"amount": -1, "currency": "EUR"}}]}),
        (
            "variants[0].price.amount",
            {"variants": [{**VARIANT, "price": {"amount": 19.9, "currency": "EUR"}}]},
        ),
        (
            "variants[0].price.amount",
            {"variants": [{**VARIANT, "price": {"amount": "1", "currency": "EUR"}}]},
        ),
        ("variants[0].price", {"variants": [{**VARIANT, "price": {"amount": 1, "currency": "XYZ"}}]}),
        ("variants[0].weight_grams", {"variants": [{**VARIANT, "weight_grams": 0}]}),
        ("variants[0].weight_grams", {"variants": [{**VARIANT, "weight_grams": 1.5}]}),
        ("variants[0].measures.gallon", {"variants": [{**VARIANT, "measures": {"gallon": "1"}}]}),
        ("variants[0].measures.litre", {"variants": [{**VARIANT, "measures": {"litre": "0.00"}}]}),
        ("variants[0].measures.litre", {"variants": [{**VARIANT, "measures": {"litre": "-1"}}]}),
        (
            "variants[0].dimensions_mm.width",
            {"variants": [{**VARIANT, "dimensions_mm": {"length": 1, "width": 0, "height": 1}}]},
        ),
        ("variants[0].options", {"variants": [{**VARIANT, "options": {f"o{i}": "v" for i in range(7)}}]}),
    ],
)
def test_a_field_out_of_shape_is_refused_by_its_name(field: str, changes: dict[str, Any]) -> None:
    assert field == refused_field(**changes)


@pytest.mark.parametrize("missing", ["title", "origin_country", "variants"])
def test_what_every_product_has_is_asked_for(missing: str) -> None:
    body = {name: value for name, value in PRODUCT.items() if name != missing}

    with pytest.raises(wire.InvalidRequest) as refused:
        wire.decoded(json.dumps(body).encode(), BODY)

    assert missing == refused.value.facts["field"]


def test_a_locale_is_a_language_with_script_or_country() -> None:
    with pytest.raises(wire.InvalidRequest):
        read(texts={"deutsch": {"title": "Tasse"}})

    assert ["zh-Hans-CN"] == list(read(texts={"zh-Hans-CN": {"title": "杯子"}}).value.texts)


def test_a_patch_holds_only_what_was_sent() -> None:
    assert {} == patch()
    assert {"title": "Mug"} == patch(title="Mug")


def test_null_clears_what_may_be_absent_and_nothing_else() -> None:
    assert {"hs_code": None, "tags": (), "texts": {}} == patch(hs_code=None, tags=None, texts=None)
    for field in ("title", "origin_country", "variants"):
        with pytest.raises(wire.InvalidRequest):
            patch(**{field: None})


@pytest.mark.parametrize("limit", ["0", "101", "1.5", "x"])
def test_a_page_has_between_one_and_a_hundred_products(limit: str) -> None:
    with pytest.raises(wire.InvalidRequest) as refused:
        wire.converted({"limit": limit}, ProductsQuery)

    assert "limit" == refused.value.facts["field"]


def test_prices_hazards_and_materials_become_details() -> None:
    price = {"currency": "USD", "amount": 900, "market": "US", "from": "2026-11-27T00:00:00Z"}
    made = read(
        materials=["steel", "steel", "glass"],
        hazards=["magnet", "battery", "magnet"],
        variants=[
            {
                **VARIANT,
                "prices": [price],
                "hazards": [],
                "hs_code": "850760",
                "origin_country": "KR",
                "measures": {"litre": "0.75"},
            }
        ],
    ).value

    assert (("steel", "glass"), ("battery", "magnet")) == (made.materials, made.hazards)
    (sold,) = made.variants
    assert ((), "850760", "KR") == (sold.hazards, sold.hs_code, sold.origin_country)
    assert {"litre": "0.75"} == sold.measures
    assert [(Money(900, "USD"), "US", "2026-11-27T00:00:00+00:00", None)] == [
        (each.amount, each.market, each.starts.isoformat() if each.starts else None, each.ends)
        for each in sold.prices
    ]


@pytest.mark.parametrize(
    ("field", "price"),
    [
        ("variants[0].prices[0].amount", {"currency": "USD", "amount": 0}),
        ("variants[0].prices[0]", {"currency": "ZZZ", "amount": 1}),
        ("variants[0].prices[0].market", {"currency": "USD", "amount": 1, "market": "us"}),
        ("variants[0].prices[0].until", {"currency": "USD", "amount": 1, "until": "2026-11-27T00:00:00"}),
        ("variants[0].prices[0].since", {"currency": "USD", "amount": 1, "since": "2026-11-27T00:00:00Z"}),
    ],
)
def test_a_price_that_cannot_be_is_refused_by_its_place(field: str, price: dict[str, Any]) -> None:
    assert field == refused_field(variants=[{**VARIANT, "prices": [price]}])


def test_a_hazard_is_one_that_carriers_and_customs_know() -> None:
    assert "hazards[0]" == refused_field(hazards=["dust"])
