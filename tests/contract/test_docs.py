"""The documents against the repository: links lead somewhere, indexes are whole, every alarm has its runbook."""

import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest

from functions.payments import stripe_wire
from infra import estate

ROOT: Final = Path(__file__).resolve().parents[2]
ADRS: Final = ROOT / "docs" / "adr"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"

_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PREFIX: Final = "entrepot-${Stage}-"


def documents() -> list[Path]:
    """Every Markdown file that is or may be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.splitlines() if (path := ROOT / name).exists()]


def broken_links(text: str, folder: Path) -> list[str]:
    """The relative links of a document in `folder` that lead to no file."""
    targets = [link.partition("#")[0] for link in _LINK.findall(_FENCED.sub("", text))]
    return [
        target
        for target in targets
        if target and not re.match(r"[a-z]+:", target) and not (folder / target).exists()
    ]


def runbook_rows() -> dict[str, str]:
    """The table of alarms: pattern of an alarm's name → file of its runbook."""
    text = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `([^`]+)` \| \[[^\]]+\]\(([^)]+)\) \|$", text, re.MULTILINE))


def alarms() -> list[str]:
    """The names of the template's alarms, without stage."""
    resources = estate.merge_template(ROOT)["Resources"].values()
    names = [
        resource["Properties"]["AlarmName"]["Fn::Sub"]
        for resource in resources
        if resource.get("Type") in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    ]
    assert all(name.startswith(_PREFIX) for name in names)
    return [name.removeprefix(_PREFIX) for name in names]


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").touch()
    text = "[a](there.md#part) [b](gone.md) [c](https://example.com) [d](#here)\n```\n[e](quoted.md)\n```\n"

    assert ["gone.md"] == broken_links(text, tmp_path)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(path: Path) -> None:
    assert [] == broken_links(path.read_text(encoding="utf-8"), path.parent)


def test_the_index_of_decisions_lists_each_one_under_its_title() -> None:
    index = (ADRS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", index, re.MULTILINE)
    pages = sorted(path for path in ADRS.glob("*.md") if path.name != "README.md")

    expected = [
        (path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# "), path.name) for path in pages
    ]

    assert expected == listed, "run: python -m tests.contract.test_docs"


def test_decisions_are_numbered_once_and_as_their_files() -> None:
    pages = sorted(path for path in ADRS.glob("*.md") if path.name != "README.md")
    titled = [int(path.read_text(encoding="utf-8").partition(".")[0].removeprefix("# ")) for path in pages]

    assert [int(path.name[:4]) for path in pages] == titled
    assert len(titled) == len(set(titled))


@pytest.mark.parametrize("part", ["**Context.**", "**Decision.**", "**Price.**", "**To reverse.**"])
def test_each_decision_says_why_what_at_which_price_and_how_to_go_back(part: str) -> None:
    pages = [path for path in ADRS.glob("*.md") if path.name != "README.md"]
    assert [] == [path.name for path in pages if part not in path.read_text(encoding="utf-8")]


def test_a_decision_that_the_code_names_is_there() -> None:
    sources = [
        path
        for folder in ("functions", "layers", "infra", "bench", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]
    named = {
        (path.relative_to(ROOT).as_posix(), number)
        for path in sources
        for number in re.findall(r"\bADR (\d{4})\b", path.read_text(encoding="utf-8"))
    }

    assert named
    assert set() == {(name, number) for name, number in named if not list(ADRS.glob(f"{number}-*.md"))}


def test_each_alarm_of_the_template_has_one_runbook() -> None:
    rows = runbook_rows()
    led_to = {name: [rows[pattern] for pattern in rows if fnmatchcase(name, pattern)] for name in alarms()}

    assert led_to
    assert {} == {name: pages for name, pages in led_to.items() if len(pages) != 1}


def test_each_row_of_the_runbooks_is_about_an_alarm_that_exists() -> None:
    names = alarms()
    assert [] == [
        pattern for pattern in runbook_rows() if not any(fnmatchcase(name, pattern) for name in names)
    ]


@pytest.mark.parametrize("part", ["**What it means.**", "**What to do", "**Tried.**"])
def test_each_runbook_says_what_it_means_what_to_do_and_what_was_tried(part: str) -> None:
    pages = [path for path in RUNBOOKS.glob("*.md") if path.name != "README.md"]
    assert [] == [path.name for path in pages if part not in path.read_text(encoding="utf-8")]


def test_the_readme_names_both_commands_on_its_first_screen() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30])
    assert {"make up", "make test"} <= set(re.findall(r"make \w+", first_screen))


def test_what_the_readme_s_map_names_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    drawn = text.partition("<!-- map -->")[2].partition("<!-- /map -->")[0]
    named = re.findall(r"^([\w./-]+)", drawn.partition("```\n")[2].partition("```")[0], re.MULTILINE)

    assert named
    assert [] == [name for name in named if not (ROOT / name).exists()]


def _write_index() -> None:
    """Bring the index of decisions up to date with the pages."""
    index = ADRS / "README.md"
    head = index.read_text(encoding="utf-8").partition("\n- [")[0].rstrip()
    pages = sorted(path for path in ADRS.glob("*.md") if path.name != index.name)
    lines = [
        f"- [{page.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}]({page.name})"
        for page in pages
    ]
    index.write_text(head + "\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write_index()


def test_the_runbook_of_a_new_stage_names_every_kind_of_event_that_is_read_of_stripe() -> None:
    text = (RUNBOOKS / "a-new-stage.md").read_text()

    for kind in (*stripe_wire.HANDLED, stripe_wire.TRANSFERRED):
        assert f"`{kind}" in text
