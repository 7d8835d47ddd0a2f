"""The artefact as it is shipped: whole, importable by itself, answering, within its budgets, and the same each time."""

import json
import subprocess
import sys
import zipfile

import pytest

from infra import checks, package, targets
from infra.artefact import compile_tree, write_archive
from infra.package import Artefact


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    return package.build(targets.host())


def test_the_artefact_stands_by_itself(artefact):
    report = checks.run(artefact.folder, native=True, lint=False)

    assert 'GET /health answers 200 {"status":"ok"' in report
    assert "are written, their fonts embedded" in report
    assert report.count(" imports in ") == len(list(checks.functions(artefact.template)))


def test_both_templates_are_clean(artefact):
    assert ["cfn-lint is content with the merged and the translated template"] == checks.linted(
        artefact.folder, artefact.template
    )


def test_every_batch_may_fail_in_part(artefact):
    for _, properties in checks.functions(artefact.template):
        for event in properties.get("Events", {}).values():
            if event["Type"] in ("SQS", "DynamoDB"):
                assert ["ReportBatchItemFailures"] == event["Properties"]["FunctionResponseTypes"]


def test_every_function_has_its_own_name_role_and_log_group(artefact):
    functions = list(checks.functions(artefact.template))

    for distinct in ("FunctionName", "Role", "LoggingConfig"):
        assert len(functions) == len({json.dumps(properties[distinct]) for _, properties in functions})


def test_no_test_source_or_foreign_service_is_packaged(artefact):
    with zipfile.ZipFile(artefact.function) as zipped:
        names = zipped.namelist()

    assert not [name for name in names if name.startswith(("tests/", "infra/", "bench/"))]
    assert not [name for name in names if name.startswith("botocore/data/ec2/")]
    assert [name for name in names if name.startswith("functions/orders/")]


def test_bytecode_is_taken_without_looking_at_the_source(artefact):
    with zipfile.ZipFile(artefact.function) as zipped:
        compiled = next(name for name in zipped.namelist() if name.startswith("__pycache__/app."))
        flags = int.from_bytes(zipped.read(compiled)[4:8], "little")

    assert 0b01 == flags  # by hash, unchecked: PEP 552


def test_an_archive_is_the_same_whenever_it_is_made(tmp_path):
    for copy in ("first", "second"):
        folder = tmp_path / copy / "tree"
        (folder / "package").mkdir(parents=True)
        (folder / "package" / "module.py").write_text("VALUE = 1\n", encoding="utf-8")
        compile_tree(folder)
        write_archive(tmp_path / copy / "made.zip", [folder])

    first, second = (tmp_path / copy / "made.zip" for copy in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_an_oversized_artefact_is_refused(artefact, monkeypatch):
    monkeypatch.setattr(checks, "ZIPPED_MEGABYTES", 1)

    with pytest.raises(checks.CheckFailed, match="API zipped weighs"):
        checks.sizes(artefact.folder)


def test_a_function_is_weighed_with_its_own_layers(artefact):
    weights = {
        line.split("MB")[0].split()[-2]: float(line.split("MB")[0].split()[-1])
        for line in checks.sizes(artefact.folder)
        if line.startswith("with ")
    }

    assert weights["layer-search"] > weights["layer-shared"]


def test_the_search_worker_finds_goods_by_what_is_packaged(artefact, tmp_path):
    unpacked = checks.Unpacked.of(artefact.folder, tmp_path)
    for file in (tmp_path / "function" / "functions" / "customs" / "data" / "hs_index").iterdir():
        file.unlink()

    with pytest.raises(checks.CheckFailed, match="a search for HS codes fails"):
        checks.suggests(artefact.template, unpacked)


def test_a_foreign_compiled_module_is_refused(artefact, tmp_path):
    (tmp_path / "module.so").write_bytes(b"\x7fELF" + bytes(14) + (0).to_bytes(2, "little"))

    with pytest.raises(checks.CheckFailed, match=r"module\.so is not compiled for"):
        checks.compiled_for(artefact.template, tmp_path)


def test_a_handler_that_misses_a_package_is_refused(artefact, tmp_path):
    with pytest.raises(checks.CheckFailed, match="ModuleNotFoundError"):
        checks.importable(artefact.template, checks.Unpacked(tmp_path))


_COUNTED = """
import dataclasses, json
from entrepot import precompiled
ours, compiled = precompiled._exec, []
def counting(source, names, namespace):
    context = precompiled.context_of(names["__name__"])
    if context and source not in precompiled._compiled(context):
        compiled.append(names["__name__"])
    ours(source, names, namespace)
dataclasses.exec = counting
import functions.clearing.triggers, functions.privacy.triggers, app
print(json.dumps([len(precompiled._compiled("functions.orders")), compiled]))
"""


def test_no_function_compiles_a_dataclass_when_it_starts(artefact, tmp_path):
    unpacked = checks.Unpacked.of(artefact.folder, tmp_path)
    _, api = next(found for found in checks.functions(artefact.template) if found[1]["Handler"] == "app.app")
    environment = {"PYTHONPATH": ":".join(unpacked.paths(artefact.template, api)), "AWS_DEFAULT_REGION": "x"}

    command = [sys.executable, "-S", "-c", _COUNTED]
    counted = subprocess.run(
        command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
    )

    taken, compiled = json.loads(counted.stdout)
    assert taken > 100
    assert [] == compiled
