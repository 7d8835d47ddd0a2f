"""What a function takes to start is told apart from what its first call takes, and its memory is seen."""

from pathlib import Path

import pytest

from bench.startup import Started, _started, first_event
from infra.estate import FUNCTIONS, QUEUES
from infra.local.runtime import Code, describe
from tests.support.artefacts import of_one_function

_BURNS = "sum(number * number for number in range({loops}))"


def started(tmp_path: Path, at_import: int, when_called: int, mebibytes: int, answer: str = "{}") -> Started:
    """A function that works in so many loops, and fills so much memory when it is called."""
    source = f"""
        spent = {_BURNS.format(loops=at_import)}
        def function(event, context):
            {_BURNS.format(loops=when_called)}
            held = bytearray({mebibytes} << 20)
            held[::4096] = b"x" * len(held[::4096])
            return {answer}
    """
    artefact = of_one_function(
        tmp_path / f"{at_import}-{when_called}-{mebibytes}", source, memory=256, seconds=20
    )
    with Code(artefact) as code:
        return _started(describe(artefact.template, {"Stage": "test"})["Only"], code, {}, {}, times=1)


def test_work_at_import_and_work_of_the_first_call_are_told_apart(tmp_path) -> None:
    plain = started(tmp_path, 1, 1, 1)
    early = started(tmp_path, 3_000_000, 1, 1)
    late = started(tmp_path, 1, 3_000_000, 60)

    assert early.start > plain.start + 50
    assert early.first < 50 < late.first
    assert late.start < early.start
    assert late.peak > plain.peak + 50
    assert (256, 256) == (plain.memory, late.memory)
    assert early.cpu == early.start + early.first


def test_a_first_call_that_fails_is_not_measured(tmp_path) -> None:
    with pytest.raises(AssertionError, match="500"):
        started(tmp_path, 1, 1, 1, answer='{"statusCode": 500}')


def test_each_function_has_a_first_event_of_its_source() -> None:
    brought = {function.source: first_event(function.source) for function in FUNCTIONS}

    assert "/v1/products" == brought["api"]["path"]
    assert {"Records": []} == brought["stream"] == brought[QUEUES[0]]
    assert {} == brought["schedule"]["detail"]
