"""Clearing over HTTP, as finance reads and works on it."""

import base64
import csv
import io
import json
from typing import Any

from entrepot.cloud import auth
from tests.integration.clearing.conftest import FINANCE, Desk
from tests.integration.payments.conftest import now
from tests.support.http import Answer, call


def token(role: str) -> str:
    claims = {"sub": FINANCE.member_id, "role": role, "exp": int(now().timestamp()) + 900}
    return auth.sign(claims, auth.ACCESS)


def asked(method: str, path: str, body: Any = None, role: str = "finance") -> Answer:
    return call(method, f"/v1/clearing/{path}", body, token=token(role))


def broken(desk: Desk) -> str:
    """A fee that the ledger was never told."""
    desk.pay()
    desk.pay(2_500)
    desk.book("fee_known")
    desk.run(1)
    desk.run(4)
    return desk.breaks()[0].item_id


def all_pages(path: str) -> list[Any]:
    found: list[Any] = []
    cursor = ""
    while True:
        answer = asked("GET", path + cursor)
        assert 200 == answer.status, answer.text
        found += answer.json["data"]
        if answer.json["next_cursor"] is None:
            return found
        cursor = f"{'&' if '?' in path else '?'}cursor={answer.json['next_cursor']}"


def test_reports_are_listed_by_day_and_read_with_their_differences(desk: Desk) -> None:
    broken(desk)
    day = desk.today.isoformat()

    listed = all_pages("reports?source=stripe&limit=2")
    report = asked("GET", f"reports/stripe/{day}").json["report"]

    assert day in [each["day"] for each in listed]
    assert listed[-1]["day"] == day
    assert report == listed[-1]
    (euro,) = report["totals"]
    assert (12_500 - 423, 12_500, -423, 2) == (
        euro["provider"],
        euro["ledger"],
        euro["breaks"],
        euro["number_of_breaks"],
    )
    lines = all_pages(f"reports/stripe/{day}?limit=1")
    assert [("break", "fee", "capture")] * 2 == [
        (line["outcome"], line["cause"], line["kind"]) for line in lines
    ]
    assert {-320, -103} == {line["sums"][0]["difference"]["amount"] for line in lines}


def test_a_report_as_csv_has_its_sums_first_in_major_units(desk: Desk) -> None:
    broken(desk)

    answer = asked("GET", f"reports/stripe/{desk.today.isoformat()}/csv")

    assert 200 == answer.status
    text = base64.b64decode(answer.json["content"]).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert ("total", "EUR", "120.77", "125.00", "-4.23") == tuple(
        rows[0][name] for name in ("row", "currency", "provider", "ledger", "difference")
    )
    assert f"clearing-stripe-{desk.today.isoformat()}.csv" == answer.json["file_name"]


def test_a_break_is_taken_and_resolved_once(desk: Desk) -> None:
    break_id = broken(desk)
    assert break_id in [each["id"] for each in all_pages("breaks?limit=1")]

    taken = asked("POST", f"breaks/{break_id}/take", {}).json
    body = {"reason": "fee", "note": "the event was lost"}
    done = asked("POST", f"breaks/{break_id}/resolution", body)
    again = asked("POST", f"breaks/{break_id}/resolution", body)

    assert (FINANCE.member_id, "finance", 0) == (taken["taken_by"], taken["owner"], taken["age_days"])
    assert ("resolved", "fee", "the event was lost") == (
        done.json["outcome"],
        done.json["reason"],
        done.json["note"],
    )
    assert (409, "break_not_resolvable") == (again.status, again.code)
    assert break_id not in [each["id"] for each in all_pages("breaks")]
    said = call("GET", f"/v1/audit?actor={FINANCE.member_id}", token=token("risk"))
    assert 200 == said.status, said.text
    assert ["clearing.write"] * 2 == [entry["action"] for entry in said.json["data"]][:2]


def test_what_is_not_there_is_not_found_and_a_reason_that_is_none_is_refused(desk: Desk) -> None:
    break_id = broken(desk)

    assert 404 == asked("GET", "reports/stripe/2001-01-01").status
    assert 404 == asked("GET", f"reports/paypal/{desk.today.isoformat()}").status
    assert 404 == asked("GET", "reports/stripe/yesterday").status
    assert 404 == asked("POST", "breaks/clr_00000000000000000000000000/take", {}).status
    assert 400 == asked("POST", f"breaks/{break_id}/resolution", {"reason": "luck", "note": "x"}).status
    assert (409, "break_not_resolvable") == (
        (answer := asked("POST", f"breaks/{break_id}/resolution", {"reason": "rate", "note": "x"})).status,
        answer.code,
    )
    assert 403 == asked("GET", "breaks", role="support").status
    assert json.loads(asked("GET", "reports?source=bank").text)["data"] is not None
