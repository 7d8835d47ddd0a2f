"""The command that explains the rule book and checks it."""

import pytest

from infra.customs.__main__ import main


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert 0 == main(list(arguments))
    return capsys.readouterr().out


def test_the_rules_of_a_day_are_those_of_that_day(capsys: pytest.CaptureFixture[str]) -> None:
    before, after = (shown(capsys, "rules", "de", day) for day in ("2026-06-30", "2026-07-01"))

    assert "DE (a member of the EU) on 2026-06-30" in before
    assert "eu-low-value-relief" in before
    assert "eu-three-euro" not in before
    assert "eu-three-euro: EUR 3 for each tariff subheading" in after
    assert "duty: EUR 3.00 for each HS subheading" in after
    assert "source: Council Regulation (EU) 2026/382" in after


def test_limits_lanes_places_and_restrictions_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    found = "".join(
        shown(capsys, "rules", country, "2026-11-25") for country in ("CA", "NZ", "FR", "TH", "CN")
    )

    for words in (
        "goods up to CAD 40.00; sent by courier from US or MX; not for HS",
        "goods above CAD 20.00; unless sent by courier from US or MX",
        "each item: goods up to NZD 1,000.00",
        "refuses the order",
        "in 971, 972",
        "th-vapes: Electronic cigarettes may not be imported",
        "fr-vat-books: vat, books 5.5 %; unverified",
        "the vat rate of goods + freight + insurance + consumption, 70 % of it due",
    ):
        assert words in found


def test_a_destination_without_rules_is_said_to_be_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "destination_not_supported" in shown(capsys, "rules", "ZZ", "2026-11-25")


def test_the_check_finds_nothing_in_the_packaged_book(capsys: pytest.CaptureFixture[str]) -> None:
    assert "The rule book has no overlap and no gap.\n" == shown(capsys, "check")


def test_the_check_fails_where_there_is_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.customs.__main__.faults", lambda book: ["a and b hold on the same day."])

    assert 1 == main(["check"])
    assert "a and b hold on the same day.\n" == capsys.readouterr().out
