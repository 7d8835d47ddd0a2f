"""A rehearsal is red when something comes of an act that was not to."""

import zipfile
from typing import Any

import pytest

from infra import targets
from infra.delivery import Failed, Refused
from infra.local.rehearsal import __main__, acts
from infra.local.rehearsal.acts import Act, Otherwise
from infra.package import BUILD, Artefact

STAGE: Any = None


def ends(raised: Exception | None) -> Act:
    def play(_: Any) -> str:
        if raised:
            raise raised
        return "it went well"

    return Act("An act", play)


def test_an_act_that_went_well_is_green(capsys):
    assert __main__._played(1, ends(None), STAGE)
    assert "✓ it went well" in capsys.readouterr().out


@pytest.mark.parametrize("raised", [Otherwise("it was not refused"), Failed("turned back"), Refused("no")])
def test_an_act_that_ended_otherwise_is_red_with_its_reason(raised, capsys):
    assert not __main__._played(1, ends(raised), STAGE)
    assert f"✗ not as it should: {raised}" in capsys.readouterr().out


def test_one_red_act_is_enough_to_fail(monkeypatch, tmp_path):
    monkeypatch.setattr(acts, "prepared", lambda *_: STAGE)
    monkeypatch.setattr(__main__, "_stops", lambda *_: None)
    monkeypatch.setattr(__main__, "_left_out", lambda *_: set())
    aws: Any = type("Aws", (), {"endpoint": "", "region": ""})()
    artefact: Any = None

    outcomes = {}
    for name, last in (("green", None), ("red", Otherwise("it was not refused"))):
        monkeypatch.setattr(acts, "ALL", (ends(None), ends(last)))
        outcomes[name] = __main__.rehearsed(aws, artefact, tmp_path)

    assert {"green": 0, "red": 1} == outcomes


def test_what_should_have_been_refused_and_was_not_is_found():
    def refuse() -> None:
        raise Refused("OrdersTable REPLACED")

    assert "refused: OrdersTable REPLACED" == acts._refused(refuse, "OrdersTable")
    with pytest.raises(Otherwise, match="it was not refused"):
        acts._refused(lambda: None, "OrdersTable")
    with pytest.raises(Otherwise, match="for another reason"):
        acts._refused(refuse, "RatesTable")


def test_a_second_release_differs_in_its_stamp_and_in_nothing_else(tmp_path):
    first = tmp_path / "first"
    first.mkdir()
    with zipfile.ZipFile(first / "function.zip", "w") as zipped:
        zipped.writestr("app.py", "x = 1")
        zipped.writestr(BUILD, "one")
    (first / "layer-shared.zip").write_bytes(b"layer")
    (first / "template.json").write_text("{}", encoding="utf-8")
    artefact = Artefact(first, targets.aws())

    later = Artefact(acts.restamped(artefact, tmp_path / "later", "two"), artefact.target)

    assert ("one", "two") == (artefact.build, later.build)
    assert [one.name for one in artefact.archives] == [one.name for one in later.archives]
    with zipfile.ZipFile(later.function) as zipped:
        assert b"x = 1" == zipped.read("app.py")
