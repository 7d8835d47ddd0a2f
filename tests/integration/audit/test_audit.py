"""The audit log: what staff change and what endangers an account is written down with it, and tampering shows."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from entrepot.cloud import audit, aws, dynamo, reads, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.rows import Number, Row
from entrepot.kernel.clock import utc_now
from entrepot.kernel.refusals import Kind, Refusal
from functions.audit import service
from infra import audit as command
from tests.support.http import call
from tests.support.shop import Shop

pytestmark = pytest.mark.usefixtures("aws")
STAFF = Principal("mbr_1", "operator", None, "ses_1")


class Taken(Refusal):
    code = "taken"
    kind = Kind.CONFLICT


class CountRow(Row):
    class Meta:
        table_name = aws.name("catalogue")

    units = Number()


def counted(pk: str, units: int = 1) -> writes.Write:
    return writes.create(CountRow(pk, "count", units=units), Taken())


def written() -> list[audit.Entry]:
    """Every entry, oldest first."""
    links = [item for item in command.stored() if item["sk"] != "head"]
    found = [audit.entry(command._link(item["pk"].removeprefix("chain#"), item)) for item in links]
    return sorted(found, key=lambda entry: entry.entry_id)


def verdict(items: list[command.Item] | None = None) -> list[str]:
    _, faults = command.faults(audit.key(), items if items is not None else list(command.stored()))
    return [fault.kind for fault in faults]


@pytest.fixture
def one_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.cloud.audit.random.randrange", lambda _: 0)


def test_a_change_and_its_entry_are_one():
    audit.commit("password.change", "mbr_1", counted("a"))

    with pytest.raises(Taken):
        audit.commit("password.change", "mbr_1", counted("a"))

    assert [("password.change", "mbr_1", "done")] == [(e.action, e.actor, e.outcome) for e in written()]


def test_what_staff_change_is_written_down_and_what_they_only_read_is_not():
    shop = Shop()
    merchant = shop.merchant()
    product = shop.product(merchant, "SKU-1")
    assert 200 == call("GET", f"/v1/products/{product}", token=merchant.token).status
    quote = shop.try_quote({"SKU-1": 1})

    entries = [entry for entry in written() if entry.action != "session.open"]

    assert 409 == quote.status  # what a shopper does leaves nothing
    assert ["merchants.create", "products.write", "products.write"] == [entry.action for entry in entries]
    assert {"operator", "merchant"} == {entry.role for entry in entries}
    assert product in entries[1].things
    assert f"product_id={product}" in entries[2].things
    assert "POST /v1/products/{product_id}/publish" == entries[2].route
    assert [] == verdict()


def test_a_refused_change_of_staff_leaves_no_entry():
    shop = Shop()
    merchant = shop.merchant()
    shop.product(merchant, "SKU-1")
    before = len(written())

    again = call(
        "POST",
        "/v1/products",
        {
            "title": "Another",
            "origin_country": "CN",
            "hs_code": "851830",
            "variants": [{"sku": "SKU-1", "price": {"amount": 1, "currency": "CNY"}, "weight_grams": 1}],
        },
        token=merchant.token,
    )

    assert 409 == again.status
    assert before == len(written())


def test_a_shoppers_commit_stands_alone():
    with audit.by_staff(Principal("mbr_1", "shopper", None, "ses_1"), "any", "PATCH /v1/me", {}):
        writes.commit(counted("a"))

    assert [] == written()


@pytest.mark.usefixtures("one_chain")
def test_whoever_comes_first_in_a_chain_the_other_follows(monkeypatch: pytest.MonkeyPatch):
    held = audit._Deed.writes
    calls: list[int] = []

    def overtaken(self: Any, own: Any) -> Any:
        made = held(self, own)
        calls.append(1)
        if len(calls) == 1:
            audit.commit("second", "mbr_1")
        return made

    monkeypatch.setattr(audit._Deed, "writes", overtaken)
    audit.commit("first", "mbr_1", counted("a"))

    assert ["first", "second"] == sorted(entry.action for entry in written())
    assert [1, 2] == sorted(int(i["sequence"]) for i in command.stored() if i["sk"] != "head")
    assert [] == verdict()


@pytest.mark.usefixtures("one_chain")
@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (lambda rows: rows[1].update(body=rows[1]["body"].replace("b", "x", 1)), "forged"),
        (lambda rows: rows.pop(1), "dropped"),
        (lambda rows: (rows[0].update(sk=rows[1]["sk"]), rows[1].update(sk="0000000001")), "moved"),
        (lambda rows: rows.pop(2), "cut"),
        (lambda rows: rows.pop(3), "headless"),
    ],
)
def test_the_command_finds_what_was_done_to_the_rows(tamper, kind, tmp_path: Path, capsys):
    for action in ("a", "b", "c"):
        audit.commit(action, "mbr_1")
    export = tmp_path / "export"
    assert 0 == command.main(["export", str(export)])
    rows = sorted(map(json.loads, export.read_text().splitlines()), key=lambda row: str(row["sk"]))
    assert 0 == command.main(["verify", "--file", str(export)])

    tamper(rows)
    export.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert 1 == command.main(["verify", "--file", str(export)])
    assert kind in capsys.readouterr().out


@pytest.mark.usefixtures("one_chain")
def test_a_chain_taken_away_whole_is_found_by_an_anchor(tmp_path: Path):
    audit.commit("a", "mbr_1")
    audit.commit("a", "mbr_2")
    anchor = tmp_path / "anchor"
    assert 0 == command.main(["anchor", str(anchor)])
    for key in ("0000000001", "head"):
        dynamo.call(
            "DeleteItem", TableName=aws.name("audit"), Key={"pk": {"S": "chain#mbr_1.0"}, "sk": {"S": key}}
        )

    assert 0 == command.main(["verify"])
    assert 1 == command.main(["verify", "--anchor", str(anchor)])


@pytest.mark.usefixtures("one_chain")
def test_the_daily_check_finds_an_altered_entry_and_counts_it(capsys):
    for action in ("a", "b", "c"):
        audit.commit(action, "mbr_1")
    tomorrow = utc_now() + timedelta(days=1)
    service.check_yesterday(tomorrow)
    whole = capsys.readouterr().out

    dynamo.call(
        "UpdateItem",
        TableName=aws.name("audit"),
        Key={"pk": {"S": "chain#mbr_1.0"}, "sk": {"S": "0000000002"}},
        UpdateExpression="SET body = :body",
        ExpressionAttributeValues={":body": {"S": "{}"}},
    )
    service.check_yesterday(tomorrow)
    altered = capsys.readouterr().out

    assert '"AuditFaults":0' in whole
    assert '"AuditFaults":1' in altered
    assert '"kind":"forged"' in altered


def test_operators_read_a_day_page_by_page_and_one_actor_alone():
    shop = Shop()
    merchant = shop.merchant()
    for number in range(3):
        shop.product(merchant, f"SKU-{number}")
    first = call("GET", "/v1/audit?limit=5", token=shop.operator).json
    rest = call("GET", f"/v1/audit?limit=5&cursor={first['next_cursor']}", token=shop.operator).json
    creator = rest["data"][-1]["actor"]
    own = call("GET", f"/v1/audit?actor={creator}", token=shop.operator).json

    seen = [entry["action"] for entry in first["data"] + rest["data"]]
    opened = ["session.open", "merchants.create", "session.open"]
    assert (6 * ["products.write"] + opened, None) == (seen, rest["next_cursor"])
    assert ["merchants.create", "session.open"] == [entry["action"] for entry in own["data"]]
    assert 403 == call("GET", "/v1/audit", token=merchant.token).status
    assert [] == call("GET", "/v1/audit?day=2020-01-01", token=shop.operator).json["data"]
    assert 400 == call("GET", "/v1/audit?day=yesterday", token=shop.operator).status


def test_an_entry_says_nothing_of_a_person():
    shop = Shop()
    merchant = shop.merchant()
    body = {"email": "new.clerk@example.com", "role": "merchant"}
    path = f"/v1/merchants/{merchant.merchant_id}/staff"
    assert 201 == call("POST", path, body, token=shop.operator).status

    raw = json.dumps(list(command.stored()))

    assert "merchants.staff" in raw
    assert "new.clerk" not in raw
    assert reads.fetch_one(audit.head_read("nobody.0")) is None
