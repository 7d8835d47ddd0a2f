"""What no function may do on Lambda is found out here: each of these small functions is wrong in one way."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from infra.local.runtime import Code, Function, Way, describe, ways_here
from tests.support.artefacts import of_one_function

Make = Callable[..., Function]

WRITES = """
    import os, pathlib

    def function(event, context):
        path = pathlib.Path(event if event.startswith("/") else os.environ["LAMBDA_TASK_ROOT"], event)
        path.write_text("written")
        return path.read_text()
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as held:

        def make(source: str, way: Way | None = None, **more: Any) -> Function:
            artefact = of_one_function(tmp_path / "artefact", source, **more)
            code = held.enter_context(Code(artefact))
            description = describe(artefact.template, {"Stage": "test"})["Only"]
            return held.enter_context(Function(description, code, way=way))

        yield make


def test_a_function_that_does_nothing_wrong_is_answered(make: Make) -> None:
    only = make("import shared\ndef function(event, context): return [event, shared.KNOWN]")

    cold, warm = only.invoke({"n": 1}), only.invoke({"n": 2})

    assert ([{"n": 1}, True], [{"n": 2}, True]) == (cold.answer, warm.answer)
    assert cold.start is not None
    assert cold.start.cpu_ms > 0
    assert warm.start is None
    assert 0 < warm.peak_mebibytes < 128
    assert (None, None) == (cold.error, warm.error)


@pytest.mark.parametrize("module", ["pytest", "boto3", "infra", "tests.support"])
def test_an_import_of_what_is_not_in_the_artefact_is_found_out(make: Make, module: str) -> None:
    only = make(f"import {module}\ndef function(event, context): return event")

    done = only.invoke({})

    assert "Runtime.ImportModuleError" == done.error_type
    assert done.error is not None
    assert f"No module named '{module.partition('.')[0]}'" in done.error["errorMessage"]


def test_an_import_that_comes_only_with_a_call_is_found_out(make: Make) -> None:
    only = make("def function(event, context):\n    import hypothesis\n    return 1")

    assert "ModuleNotFoundError" == only.invoke({}).error_type


@pytest.mark.parametrize("way", ways_here())
def test_a_file_written_beside_the_code_is_found_out(make: Make, way: Way) -> None:
    only = make(WRITES, way)

    refused = only.invoke("beside.txt")

    assert refused.error_type in ("OSError", "PermissionError"), refused
    assert only.invoke("beside.txt").error is not None


@pytest.mark.parametrize("way", ways_here())
def test_a_file_written_to_the_machine_is_found_out(make: Make, way: Way, tmp_path: Path) -> None:
    only = make(WRITES, way)
    everywhere = [
        str(tmp_path / "file"),
        str(Path.home() / "file"),
        "/file",
        "/var/file",
        "/usr/file",
        "/dev/file",
    ]

    errors = {path: only.invoke(path).error_type for path in everywhere}

    assert set() == set(errors.values()) - {"OSError", "PermissionError", "FileNotFoundError"}, errors
    assert [] == [path for path in everywhere if Path(path).exists()]


@pytest.mark.parametrize("way", ways_here())
def test_only_its_own_tmp_can_be_written_and_a_new_copy_has_an_empty_one(make: Make, way: Way) -> None:
    source = """
        import os, pathlib, tempfile

        def function(event, context):
            before = os.listdir(tempfile.gettempdir())
            pathlib.Path(tempfile.gettempdir(), "kept").write_text("kept")
            return before
    """
    only = make(source, way)

    first, second = only.invoke({}), only.invoke({})
    left = only.left_in_tmp()
    only.close()

    assert ([], ["kept"], ["kept"]) == (first.answer, second.answer, left)
    assert [] == only.invoke({}).answer


@pytest.mark.parametrize("way", [way for way in ways_here() if way is not Way.LANDLOCK])
def test_its_tmp_holds_half_a_gigabyte_and_no_more(make: Make, way: Way) -> None:
    source = """
        import os

        def function(event, context):
            with open("/tmp/large", "wb") as file:
                os.posix_fallocate(file.fileno(), 0, (512 << 20) + 4096)
    """

    done = make(source, way).invoke({})

    assert done.error is not None
    assert "No space left on device" in done.error["errorMessage"]


@pytest.mark.parametrize(
    "source",
    [
        "def function(event, context):\n    large = bytearray(200 << 20)\n    return len(large)",
        "def function(event, context):\n    len(bytearray(200 << 20))\n    return 'freed again'",
        "large = bytearray(200 << 20)\ndef function(event, context): return 1",
    ],
    ids=["held", "for a moment", "at its start"],
)
def test_more_memory_than_its_own_limit_is_found_out(make: Make, source: str) -> None:
    done = make(source, memory=128).invoke({})

    assert "Runtime.OutOfMemory" == done.error_type, done
    assert None is done.answer
    assert done.peak_mebibytes > 128


def test_the_same_memory_is_fine_below_a_higher_limit(make: Make) -> None:
    only = make("def function(event, context): return len(bytearray(200 << 20))", memory=256)

    assert 200 << 20 == only.invoke({}).answer


def test_a_call_that_takes_too_long_ends_and_the_next_one_is_cold(make: Make) -> None:
    source = """
        import threading

        def function(event, context):
            threading.Event().wait(event)
            return context.get_remaining_time_in_millis()
    """
    only = make(source, seconds=1)

    in_time, late, again = only.invoke(0), only.invoke(20), only.invoke(0)

    assert 0 < in_time.answer <= 1000
    assert ("Sandbox.Timedout", None) == (late.error_type, late.answer)
    assert 900 < late.wall_ms < 5000
    assert again.start is not None
    assert None is again.error


@pytest.mark.parametrize(
    ("status", "said"), [("os._exit(3)", "exit status 3"), ("os.abort()", "signal: SIGABRT")]
)
def test_a_process_that_ends_is_an_error_and_the_next_call_is_cold(
    make: Make, status: str, said: str
) -> None:
    only = make(f"import os\ndef function(event, context): return {status} if event else 'well'")

    ended, again = only.invoke(1), only.invoke(0)

    assert "Runtime.ExitError" == ended.error_type
    assert ended.error is not None
    assert ended.error["errorMessage"].endswith(said)
    assert ("well", True) == (again.answer, again.start is not None)


def test_an_exception_is_told_with_its_log_and_the_next_call_is_warm(make: Make) -> None:
    only = make("def function(event, context): print('before'); return 1 // event")

    failed, again = only.invoke(0), only.invoke(1)

    assert "ZeroDivisionError" == failed.error_type
    assert "before" == failed.logs[0]
    assert (1, None, ("before",)) == (again.answer, again.start, again.logs)


def test_an_answer_that_lambda_would_not_carry_is_found_out(make: Make) -> None:
    only = make("def function(event, context): return 'a' * event", memory=256)

    assert "Function.ResponseSizeTooLarge" == only.invoke(6 << 20).error_type
    assert 1 << 20 == len(only.invoke(1 << 20).answer)


def test_it_sees_no_variable_and_no_path_of_this_machine(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_KEY_OF_THIS_MACHINE", "secret")
    source = """
        import os, sys

        def function(event, context):
            return [sorted(os.environ), sys.path[:3], sys.flags.isolated, sys.flags.no_site, os.getuid()]
    """

    variables, paths, isolated, no_site, user = make(source).invoke({}).answer

    own = {
        "ENTREPOT_STAGE",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "LANG",
        "LC_CTYPE",
        "PATH",
        "TZ",
        "TMPDIR",
    }
    assert set() == {name for name in variables if not name.startswith(("AWS_", "_"))} - own
    assert (1, 1) == (isolated, no_site)
    assert not any(str(Path.cwd()) in path for path in paths)
    if ways_here()[0] is not Way.LANDLOCK:
        assert ["/var/task", "/opt/python", "/var/runtime"] == paths
        assert 0 != user


def test_its_home_has_a_name_and_is_not_there(make: Make) -> None:
    only = make(
        "import os\ndef function(event, context): return [os.path.expanduser('~'), os.path.exists('/home')]"
    )

    if only.way is Way.LANDLOCK:
        pytest.skip("Landlock leaves the file system in sight")
    assert ["/home/sbx_user1051", False] == only.invoke({}).answer


def test_a_module_beside_the_tests_is_not_in_sight(make: Make) -> None:
    only = make("import os\ndef function(event, context): return os.path.exists(event)")

    if only.way is Way.LANDLOCK:
        pytest.skip("Landlock leaves the file system in sight")
    assert False is only.invoke(os.path.abspath(__file__)).answer


def test_what_a_template_refers_to_and_nobody_knows_is_refused(tmp_path: Path) -> None:
    template = of_one_function(tmp_path / "artefact", "").template
    with pytest.raises(KeyError, match="Stag"):
        describe(template, {"Stag": "typo"})
    template["Resources"]["Only"]["Properties"]["FunctionName"] = {"Fn::ImportValue": "elsewhere"}
    with pytest.raises(KeyError, match="ImportValue"):
        describe(template, {})
