"""The story: told to its end within a hundred columns, or ended in one line; and its closing words."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from functions.customs import facade as customs
from infra.local import story
from infra.local.story import StoryFailed, closing_words, telling
from infra.local.story.comparing import DOORS
from infra.local.story.paper import COLUMNS, Paper, width
from infra.local.story.paying import made_up_number
from tests.unit.local.market import Market

pytestmark = pytest.mark.slow


def told(market: Market) -> list[str]:
    lines: list[str] = []
    story.tell(market, lines.append)
    return lines


def test_it_is_told_from_the_catalogue_to_the_balanced_books(full_market: Market) -> None:
    text = "\n".join(told(full_market))

    for step in (
        "names    Wireless headphones, over-ear · 头戴式无线耳机 · Kabellose Over-Ear-Kopfhörer",
        "regime         import_at_sale        intra_eu",
        "eu-three-euro: Council Regulation (EU) 2026/382.",
        "Not included: fees. EU customs handling fee.",
        "the same again",
        "requires_action: the bank asks. Our order: awaiting_payment.",
        "alipay_handle_redirect, to",
        "awaiting_payment, payment processing",
        "(ISO 11649)",
        "POST /v1/bank-statements",
        "webhook 401   forged",
        "Status: delivered",
        "→  2 statements",
        "balanced.",
        "cn-cbec-vat/cn-vat-standard",
        "domestic",
    ):
        assert step in text, step
    assert {"orders-due", "settlement-run"} == set(full_market.invoked)
    assert 14 == len(re.findall(r"^── \d+  ", text, re.MULTILINE))
    assert 3 == text.count("paid, payment captured")
    assert ["card", "Alipay", "transfer"] == re.findall(
        r"^ +ord_\w+ +(card|Alipay|transfer)\b.* captured$", text, re.MULTILINE
    )
    assert re.search(r"balanced\.$", text)


def test_the_guest_in_shanghai_is_somebody_else_each_time_and_nobody_there_is() -> None:
    numbers = {made_up_number(seed) for seed in (0, 1, 18_000, 17_999_999, 2**127)}

    assert 5 == len(numbers)
    for number in numbers:
        assert number == customs.check_identity("cn_resident_id", DOORS["CN"]["name"], number).number
        assert number.startswith("999999")


def test_the_same_bag_is_explained_side_by_side_for_three_countries(full_market: Market) -> None:
    lines = told(full_market)

    begins = next(number for number, line in enumerate(lines) if "The same bag in DE, US, CN" in line)
    head = next(
        number for number, line in enumerate(lines[begins:], begins) if line.split() == ["DE", "US", "CN"]
    )
    rows = lines[head + 2 : head + 12]
    names = (
        "goods",
        "freight",
        "insurance",
        "duty",
        "import tax",
        "parcel fees",
        "total",
        "arrives",
        "regime",
    )
    assert [*names, "incoterm"] == [re.split(r"\s{2,}", row.strip())[0] for row in rows]
    told_of = [re.findall(r"(EUR|USD|CNY) ([\d,.]+)", row) for row in rows[:7]]
    assert all(["EUR", "USD", "CNY"] == [currency for currency, _ in amounts] for amounts in told_of)
    for country in range(3):
        *charges, whole = [Decimal(amounts[country][1].replace(",", "")) for amounts in told_of]
        assert whole == sum(charges) > 0
    chapter = "\n".join(lines[begins : begins + 60])
    assert "intra_eu" in rows[8]
    assert "cn_cbec" in rows[8]
    assert re.search(r"^ +DE +import tax +EUR [\d.]+ +\S*vat\S*: ", chapter, re.MULTILINE)
    assert re.search(r"^ +CN +import tax +CNY [\d.]+ +cn-cbec-vat/cn-vat-standard", chapter, re.MULTILINE)
    assert re.search(r"^ +US +import tax +\S", chapter, re.MULTILINE)


def test_it_can_be_told_again_and_fits_the_terminal(full_market: Market) -> None:
    lines = told(full_market)

    assert [] == [line for line in lines if width(line) > COLUMNS]
    assert any("Statement 2 in CNY" in line or "Statement 3 in CNY" in line for line in lines)


def test_a_provider_that_does_not_answer_ends_it_in_one_line(full_market: Market) -> None:
    with pytest.raises(StoryFailed, match=r"POST /test/payment_intents/.* does not answer") as failed:
        told(replace(full_market, stripe_url="http://127.0.0.1:9"))

    assert "\n" not in str(failed.value)


def test_an_order_that_never_completes_ends_it_in_one_line(
    full_market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "PATIENCE_SECONDS", 2.0)
    idle = Idle(full_market.base_url, full_market.stripe_url, full_market.carriers_url, full_market.accounts)

    with pytest.raises(StoryFailed, match=r"still not true: ord_.* is completed") as failed:
        told(idle)

    assert "\n" not in str(failed.value)


def test_a_function_that_fails_ends_it_in_one_line(full_market: Market) -> None:
    broken = Broken(
        full_market.base_url, full_market.stripe_url, full_market.carriers_url, full_market.accounts
    )

    with pytest.raises(StoryFailed, match="the story ends early: orders-due failed"):
        told(broken)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_every_example_works_as_it_stands(full_market: Market, tmp_path: Path) -> None:
    folder = tmp_path / "it's here"
    folder.mkdir()
    accounts = folder / "accounts.json"
    accounts.write_text(json.dumps(full_market.accounts), encoding="utf-8")
    words = closing_words(full_market.base_url, accounts)

    done = subprocess.run(
        ["bash", "-euo", "pipefail"], input=words, capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)
    products, quote, orders, stock, trial = (json.loads(line) for line in done.stdout.splitlines())
    assert {"CV-COFFEE", "TL-CUPS-6"} == {card["variants"][0]["sku"] for card in products["data"]}
    assert {"import_at_sale"} == {parcel["regime"] for parcel in quote["options"][0]["parcels"]}
    assert {"data", "next_cursor"} == set(orders)
    assert 2 == len(stock["warehouses"])
    assert trial["balanced"] is True
    assert "paths" in json.loads((tmp_path / "entrepot-openapi.json").read_text(encoding="utf-8"))


class Idle(Market):
    """One whose clock does nothing."""

    def invoke(self, function: str, event: object) -> None:
        self.invoked.append(function)


class Broken(Market):
    def invoke(self, function: str, event: object) -> None:
        raise AssertionError(f"{function} failed: no table")


def on_paper(draw: Callable[[Paper], None]) -> list[str]:
    lines: list[str] = []
    draw(Paper(lines.append))
    return lines


def test_figures_stand_in_line_beside_wide_letters() -> None:
    lines = on_paper(lambda paper: paper.table([("耳机", "EUR 1.00"), ("bag", "EUR 12.00")], "lr"))

    assert ["    耳机   EUR 1.00", "    bag   EUR 12.00"] == lines


def test_a_last_column_that_is_too_wide_is_wrapped_under_itself() -> None:
    lines = on_paper(lambda paper: paper.table([("duty", "word " * 40)], "ll"))

    assert 3 == len(lines)
    assert all(line.startswith(" " * 10 + "word") for line in lines[1:])
    assert all(width(line) <= COLUMNS for line in lines)
