"""Everything that is held about a member, for that member and nobody else, for a day."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from entrepot.cloud import aws, dynamo
from functions.privacy.service import gathering
from tests.integration.orders.bazaar import IMPORTER, Bazaar, token
from tests.integration.privacy.anna import (
    EMAIL,
    HOME,
    PHONE,
    Anna,
    kept,
    signed_in,
    traces,
    with_card,
)
from tests.support import pump
from tests.support.http import Answer, call

SECTIONS = {
    "address": "addresses",
    "addresses": "addresses",
    "member": "member",
    "session": "sessions",
    "totp": "second_factor",
    "recovery": "second_factor",
    "grant": "applications",
    "identity": "identities",
}
"""Where each kind of row under a member's key is told."""


def asked(anna: Anna) -> Answer:
    return call("POST", "/v1/me/exports", token=anna.token)


def read(anna: Anna, export: Any) -> Any:
    answer = call("GET", f"/v1/me/exports/{export['id']}", token=anna.token)
    assert 200 == answer.status, answer.text
    return answer.json


def archive(anna: Anna, export: Any) -> str:
    key = f"{anna.member_id}/{export['id']}.json"
    body = aws.client("s3").get_object(Bucket=aws.name("exports"), Key=key)["Body"].read()
    return str(body.decode())


def exported(bazaar: Bazaar, anna: Anna) -> tuple[Any, str]:
    answer = asked(anna)
    assert (202, "queued", None) == (answer.status, answer.json["status"], answer.json["url"])
    bazaar.settle_events()
    return read(anna, answer.json), archive(anna, answer.json)


def test_an_archive_tells_all_that_is_held(bazaar: Bazaar, anna: Anna) -> None:
    with_card(bazaar, anna)
    export, text = exported(bazaar, anna)

    told = json.loads(text)
    assert ("ready", len(text.encode())) == (export["status"], export["bytes"])
    assert (EMAIL, PHONE, "Lindwurm") == tuple(
        told["member"][name] for name in ("email", "phone", "nickname")
    )
    assert [HOME["line1"]] == [entry["line1"] for entry in told["addresses"]]
    assert "Annabella's-phone" in {session["device"] for session in told["sessions"]}
    assert {order["id"] for order in anna.orders} == {order["order_id"] for order in told["orders"]}
    assert HOME["line2"] == told["orders"][0]["ship_to"]["line2"]
    assert EMAIL == told["orders"][0]["contact"]["email"]
    assert "scratched" in json.dumps(told["orders"][0]["refunds"])
    assert HOME["line1"] in {quote["ship_to"]["line1"] for quote in told["quotes"]}
    assert ["BAG-1"] == [line["sku"] for cart in told["carts"] for line in cart["lines"]]
    assert len(anna.orders) == len(told["payments"]) == len(told["parcels"])
    assert [("visa", "4242")] == [(card["brand"], card["last4"]) for card in told["kept_cards"]]
    assert "cus_" not in text
    assert "Handed to Annabella" in told["parcels"][0]["scans"][0]["message"]
    assert {"session.open", "contact.change", "member.export"} <= {entry["action"] for entry in told["audit"]}
    for kind in told["kept_under_your_id"]:
        assert SECTIONS[kind] in told, kind


def test_an_archive_tells_no_secret_and_no_identity_number(bazaar: Bazaar, anna: Anna) -> None:
    _, text = exported(bazaar, anna)

    told = json.loads(text)
    assert [{"held": False}, True] == [
        told["orders"][0]["importer_identity"],
        told["orders"][1]["importer_identity"]["held"],
    ]
    for secret in (IMPORTER["number"], "argon2", "_hash", "refresh_id", '"pi_', '"re_', '"ch_', "sealed"):
        assert str(secret) not in text, secret


def test_a_link_is_for_minutes_saves_a_file_and_stands_in_no_log(
    bazaar: Bazaar, anna: Anna, capsys: pytest.CaptureFixture[str]
) -> None:
    export, _ = exported(bazaar, anna)

    query = parse_qs(urlsplit(export["url"]).query)
    assert ["600"] == query["X-Amz-Expires"]
    assert ["AWS4-HMAC-SHA256"] == query["X-Amz-Algorithm"]
    (saved_as,) = query["response-content-disposition"]
    assert saved_as.startswith("attachment; ")
    assert "X-Amz-Signature" not in capsys.readouterr().out
    assert not [item for items in kept().values() for item in items if "X-Amz-Signature" in item]


def test_while_one_is_made_asking_again_gives_that_one(bazaar: Bazaar, anna: Anna) -> None:
    first, second = asked(anna).json, asked(anna).json

    bazaar.settle_events()

    assert first["id"] == second["id"]
    assert first["id"] != asked(anna).json["id"]
    events = [event for event in pump.events() if event["event"] == "privacy.export_requested"]
    assert 2 == len(events)


def test_three_a_day_and_then_it_says_how_long_to_wait(bazaar: Bazaar, anna: Anna) -> None:
    made = [exported(bazaar, anna)[0]["id"] for _ in range(3)]

    answer = asked(anna)

    assert 3 == len(set(made))
    assert (429, "too_many_exports") == (answer.status, answer.code)
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_401


def test_one_that_was_never_made_says_so_and_another_may_be_asked_for(bazaar: Bazaar, anna: Anna) -> None:
    lost = asked(anna).json
    with bazaar.clock.at(minutes=31):
        later = Anna(anna.member_id, signed_in(), anna.orders)
        seen = read(later, lost)

        assert ("failed", None, "Ask for another one.") == (seen["status"], seen["url"], seen["remedy"])
        assert lost["id"] != asked(later).json["id"]


def test_one_of_yesterday_cannot_be_fetched(bazaar: Bazaar, anna: Anna) -> None:
    export, _ = exported(bazaar, anna)

    with bazaar.clock.at(hours=25):
        later = Anna(anna.member_id, signed_in(), anna.orders)
        assert ("expired", None) == (read(later, export)["status"], read(later, export)["url"])


def test_nobody_else_and_no_old_session_sees_it(bazaar: Bazaar, anna: Anna) -> None:
    export, _ = exported(bazaar, anna)
    path = f"/v1/me/exports/{export['id']}"

    with bazaar.clock.at(minutes=11):
        answers = [call("GET", path, token=anna.token), asked(anna)]
    stranger = call("GET", path, token=token("operator"))

    assert [(403, "fresh_sign_in_required")] * 2 == [(answer.status, answer.code) for answer in answers]
    assert stranger.status in (403, 404)


def test_another_member_finds_no_such_export(bazaar: Bazaar, anna: Anna) -> None:
    export, _ = exported(bazaar, anna)
    other = signed_in("other@posteo.example")

    answer = call("GET", f"/v1/me/exports/{export['id']}", token=other)

    assert (404, "not_found") == (answer.status, answer.code)


def test_leaving_takes_the_archives_away(bazaar: Bazaar, anna: Anna) -> None:
    exported(bazaar, anna)
    assert "bucket" in {place for place, _ in traces(anna)}

    assert 202 == anna.erase().status
    bazaar.settle_events()

    assert [] == traces(anna)


def test_an_archive_that_is_made_while_its_member_leaves_is_dropped(
    bazaar: Bazaar, anna: Anna, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 202 == asked(anna).status
    original = gathering.gathered

    def leaving_meanwhile(member_id: str, now: Any) -> Any:
        content = original(member_id, now)
        assert 202 == anna.erase().status
        (left,) = [event for event in pump.events() if event["event"] == "membership.member_erased"]
        assert [] == pump.deliver("privacy-events", json.dumps(left))
        return content

    monkeypatch.setattr(gathering, "gathered", leaving_meanwhile)
    bazaar.settle_events()

    assert [] == traces(anna)


def test_an_archive_waits_for_a_provider_that_does_not_answer(bazaar: Bazaar, anna: Anna) -> None:
    with_card(bazaar, anna)
    export = asked(anna).json
    (wanted,) = [event for event in pump.events() if event["event"] == "privacy.export_requested"]
    bazaar.provider.control("faults", mode="unavailable")

    assert ["message"] == pump.deliver("privacy-events", json.dumps(wanted))
    bazaar.provider._request("DELETE", "/test/faults")
    key = {"pk": {"S": "breaker#stripe"}, "sk": {"S": "breaker"}}
    held = dynamo.call("GetItem", TableName=aws.name("payments"), Key=key)["Item"]["breaker"]["S"]
    assert 1 == json.loads(held)["failures"]

    assert [] == pump.deliver("privacy-events", json.dumps(wanted))
    assert "ready" == read(anna, export)["status"]
