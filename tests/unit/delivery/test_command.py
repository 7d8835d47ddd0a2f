"""What is typed becomes a wish, and what comes of it an exit status and a line."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra import targets
from infra.delivery import DryRunOver, Failed, Refused, __main__, tree
from infra.delivery.service import Delivery
from infra.delivery.tree import Origin
from infra.package import Artefact

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def wishes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Deliveries that were asked for something; nothing is built, and nobody is called."""
    asked: list[Any] = []

    def deployed(delivery: Delivery, *_: Any) -> str:
        asked.append(delivery.wish)
        return "3f2a"

    monkeypatch.setattr(Delivery, "deploy", deployed)
    monkeypatch.setattr(Delivery, "rollback", deployed)
    monkeypatch.setattr(tree, "origin", lambda *_, **__: Origin("c", tested=True))
    monkeypatch.setattr(__main__, "_built", lambda: None)
    monkeypatch.setattr("infra.delivery.edition.of", lambda *_: None)
    return asked


def test_a_deployment_s_words_become_a_wish(wishes, capsys):
    words = "deploy prod --set CompletionDays=7 ReturnTo=https://a.example/?b=c --lose InboxTable"
    words += (
        " --alarm release api-failures --minutes 15 --despite-alarms --one-way --role arn:aws:iam::1:role/x"
    )
    words += " --dry --yes"

    assert 0 == __main__.main(words.split())

    (wish,) = wishes
    assert {"CompletionDays": "7", "ReturnTo": "https://a.example/?b=c"} == wish.settings
    assert (frozenset({"InboxTable"}), ("release", "api-failures"), 15) == (
        wish.allowed,
        wish.alarms,
        wish.minutes,
    )
    assert wish.despite_alarms
    assert wish.one_way
    assert wish.dry
    assert wish.agreed("really?")
    assert "arn:aws:iam::1:role/x" == wish.role
    assert "entrepot-prod has release 3f2a\n" == capsys.readouterr().out


def test_without_words_the_release_s_alarm_watches_for_ten_minutes_and_nothing_is_agreed(wishes, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    __main__.main(["rollback", "prod", "--to", "3f"])

    (wish,) = wishes
    assert (("release",), 10, frozenset(), False) == (
        wish.alarms,
        wish.minutes,
        wish.allowed,
        wish.despite_alarms,
    )
    with pytest.raises(Refused, match="YES=1 where no person is"):
        wish.agreed("Do this?")


@pytest.mark.parametrize(
    ("raised", "status", "where", "said"),
    [
        (Refused("it has no name"), 1, "err", "deploy: it has no name"),
        (Failed("A: no such role"), 1, "err", "deploy failed: A: no such role"),
        (DryRunOver("it ends here"), 0, "out", "it ends here"),
        (KeyboardInterrupt(), 130, "err", "make rollback STAGE=prod follows or cancels it"),
    ],
)
def test_each_end_has_its_status_and_its_line(wishes, monkeypatch, capsys, raised, status, where, said):
    def ends(*_: Any) -> str:
        raise raised

    monkeypatch.setattr(Delivery, "deploy", ends)

    assert status == __main__.main(["deploy", "prod"])

    assert said in getattr(capsys.readouterr(), where)


@pytest.mark.parametrize(
    "words", [["deploy", "Prod"], ["deploy", "prod", "--set", "=7"], ["deploy", "prod", "--set", "Days"]]
)
def test_what_is_no_stage_or_no_setting_is_refused(wishes, words):
    assert 1 == __main__.main(words)
    assert [] == wishes


def test_an_artefact_of_other_sources_is_refused(tmp_path):
    (tmp_path / "sources.sha256").write_text("of something else", encoding="utf-8")

    with pytest.raises(Refused, match="was not built for AWS from the sources of this commit"):
        __main__._given(tmp_path)


def test_an_artefact_of_these_sources_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.package._sources_digest", lambda *_: "these")
    (tmp_path / "sources.sha256").write_text("these", encoding="utf-8")

    assert Artefact(tmp_path, targets.aws()) == __main__._given(tmp_path)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("deploy STAGE=prod", "deploy prod"),
        ("deploy STAGE=prod SET='A=1 B=2' DRY=1 YES=1", "deploy prod --set A=1 B=2 --dry --yes"),
        ("deploy STAGE=prod ONE_WAY=1 UNTESTED=1 MINUTES=5", "deploy prod --untested --one-way --minutes 5"),
        ("rollback STAGE=prod", "rollback prod"),
        (
            "rollback STAGE=prod TO=3f LOSE='A B' ALARMS=release",
            "rollback prod --to 3f --lose A B --alarm release",
        ),
        ("rollback STAGE=prod LIST=1", "list prod"),
        ("deploy STAGE=prod CHECK=1", "check prod"),
    ],
)
def test_make_passes_on_what_was_typed(typed, expected):
    done = subprocess.run(
        ["sh", "-c", f"make --no-print-directory --dry-run --assume-old=.venv/bin/.dev {typed}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip

    command = done.stdout.replace("\\\n", " ").partition("-m infra.delivery ")[2]
    assert expected.split() == command.split()
    assert 0 == _parses(command.split())


def _parses(words: list[str]) -> int:
    __main__._parser().parse_args(words)
    return 0
