"""What is deployed has a commit and passed its tests, down to the byte."""

import subprocess
from pathlib import Path

import pytest

from infra.delivery import Refused, tree


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.email", "ana@example.com")
    git(tmp_path, "config", "user.name", "Ana")
    (tmp_path / ".gitignore").write_text(".entrepot/\n", encoding="utf-8")
    write(tmp_path, "one")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def write(folder: Path, text: str) -> None:
    (folder / "code.py").write_text(text, encoding="utf-8")


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "change")


def passes(folder: Path) -> None:
    tree.begin(folder)
    tree.mark(folder)


def test_a_clean_tree_whose_tests_passed_is_taken_with_its_commit(repository):
    passes(repository)

    origin = tree.origin(repository)

    assert origin.tested
    assert 40 == len(origin.commit)


def test_what_is_not_committed_is_refused_by_name(repository):
    passes(repository)
    write(repository, "two")

    with pytest.raises(Refused, match=r"not committed \(code.py\)"):
        tree.origin(repository, untested=True)


def test_an_untested_tree_is_refused_unless_it_is_said(repository):
    with pytest.raises(Refused, match="make test has not passed"):
        tree.origin(repository)
    assert not tree.origin(repository, untested=True).tested


def test_one_byte_more_is_untested_again(repository):
    passes(repository)
    write(repository, "one ")
    commit(repository)

    with pytest.raises(Refused, match="make test has not passed"):
        tree.origin(repository)


def test_tested_first_and_committed_afterwards_counts(repository):
    write(repository, "two")
    (repository / "new.py").write_text("", encoding="utf-8")
    passes(repository)
    commit(repository)

    assert tree.origin(repository).tested


def test_what_changed_while_the_tests_ran_is_not_tested(repository):
    tree.begin(repository)
    write(repository, "two")

    with pytest.raises(Refused, match="have changed since the tests began"):
        tree.mark(repository)
    assert set() == tree.passed(repository)


def test_looking_at_the_content_leaves_the_index_alone(repository):
    write(repository, "two")
    tree.content(repository)

    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )

    assert " M code.py\n" == status.stdout


def test_a_tree_that_passed_twice_stands_there_once(repository):
    passes(repository)
    passes(repository)

    assert 1 == len((repository / ".entrepot" / "tested").read_text(encoding="utf-8").split())
