"""A release is named by all that it is, and its archives by their content."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra import targets
from infra.delivery import edition
from infra.package import BUILD, Artefact

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Api": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": "function.zip", "MemorySize": 512},
        },
        "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer-shared.zip"}},
        "Table": {"Type": "AWS::DynamoDB::Table"},
    }
}


def artefact(folder: Path, code: str = "x = 1", template: dict[str, Any] = TEMPLATE) -> Artefact:
    folder.mkdir(exist_ok=True)
    for name in ("function.zip", "layer-shared.zip"):
        with zipfile.ZipFile(folder / name, "w") as zipped:
            zipped.writestr(zipfile.ZipInfo("app.py"), code)
            zipped.writestr(zipfile.ZipInfo(BUILD), "b0b0")
    (folder / "template.json").write_text(json.dumps(template), encoding="utf-8")
    return Artefact(folder, targets.aws())


def test_the_same_artefact_is_the_same_release(tmp_path):
    assert edition.of(artefact(tmp_path / "a"), 1) == edition.of(artefact(tmp_path / "a"), 1)
    assert edition.of(artefact(tmp_path / "a"), 1).release == edition.of(artefact(tmp_path / "b"), 1).release


@pytest.mark.parametrize("what", ["code", "template", "epoch"])
def test_a_difference_anywhere_is_another_release(tmp_path, what):
    first = edition.of(artefact(tmp_path / "a"), 1)
    larger = json.loads(json.dumps(TEMPLATE).replace("512", "1024"))
    others = {
        "code": edition.of(artefact(tmp_path / "b", code="x = 2"), 1),
        "template": edition.of(artefact(tmp_path / "b", template=larger), 1),
        "epoch": edition.of(artefact(tmp_path / "b"), 2),
    }

    assert first.release != others[what].release
    assert (what == "code") == (first.archives.keys() != others[what].archives.keys())


def test_the_template_points_at_keys_in_the_bucket_that_change_with_the_content(tmp_path):
    made = edition.of(artefact(tmp_path / "a"), 1)

    placed = made.template_in("shelf")["Resources"]

    code = placed["Api"]["Properties"]["CodeUri"]
    assert "shelf" == code["Bucket"]
    assert tmp_path / "a" / "function.zip" == made.archives[code["Key"]]
    assert (
        tmp_path / "a" / "layer-shared.zip"
        == made.archives[placed["Layer"]["Properties"]["ContentUri"]["Key"]]
    )
    assert isinstance(made.template["Resources"]["Api"]["Properties"]["CodeUri"], str)


def test_the_build_is_what_the_packaged_api_answers(tmp_path):
    assert "b0b0" == edition.of(artefact(tmp_path / "a"), 1).build
