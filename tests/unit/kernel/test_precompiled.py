"""Dataclasses take the methods that were compiled for them, and are what they would be without."""

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from entrepot import precompiled

SOURCE = """
from dataclasses import dataclass
@dataclass(frozen=True, slots=True)
class Parcel:
    weight_grams: int
    label: str = "-"
"""


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ModuleType]:
    """A context of this test alone, in a folder of its own."""
    made = ModuleType("functions.packed")
    made.__path__ = [str(tmp_path)]
    sys.modules[made.__name__] = made
    precompiled._compiled.cache_clear()
    yield made
    del sys.modules[made.__name__]
    precompiled._compiled.cache_clear()


def _made(context: ModuleType) -> Any:
    exec(SOURCE, context.__dict__)
    return context.Parcel


def _recorded(context: ModuleType) -> dict[str, Any]:
    seen = {}

    def recording(source: str, names: dict[str, Any], namespace: dict[str, Any]) -> None:
        seen[source] = compile(source, "<dataclass>", "exec")
        exec(source, names, namespace)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataclasses, "exec", recording, raising=False)
        _made(context)
    return seen


def test_a_class_is_the_same_with_and_without_a_file(context: ModuleType, tmp_path: Path) -> None:
    plain = _made(context)
    codes = _recorded(context)
    (tmp_path / precompiled.FILE).write_bytes(precompiled.packed(codes))
    precompiled._compiled.cache_clear()

    packed = _made(context)

    assert len(codes) > 3
    assert codes.keys() == precompiled._compiled("functions.packed").keys()
    for kind in (plain, packed):
        parcel = kind(300)
        assert "Parcel(weight_grams=300, label='-')" == repr(parcel)
        assert parcel == kind(300)
        assert parcel != kind(301)
        assert hash(parcel) == hash(kind(300))
        with pytest.raises(dataclasses.FrozenInstanceError):
            parcel.weight_grams = 1


def test_it_is_what_was_compiled_that_is_executed(context: ModuleType, tmp_path: Path) -> None:
    told = {source: compile("raise RuntimeError('taken')", "<told>", "exec") for source in _recorded(context)}
    (tmp_path / precompiled.FILE).write_bytes(precompiled.packed(told))
    precompiled._compiled.cache_clear()

    with pytest.raises(RuntimeError, match="taken"):
        _made(context)


def test_what_another_python_compiled_is_not_taken(context: ModuleType, tmp_path: Path) -> None:
    (tmp_path / precompiled.FILE).write_bytes(b"\x00\x00\r\n" + precompiled.packed(_recorded(context))[4:])
    precompiled._compiled.cache_clear()

    assert 300 == _made(context)(300).weight_grams
    assert {} == precompiled._compiled("functions.packed")


def test_the_same_classes_make_the_same_file(context: ModuleType) -> None:
    first = _recorded(context)
    second = dict(reversed(_recorded(context).items()))

    assert precompiled.packed(first) == precompiled.packed(second)


@pytest.mark.parametrize(
    ("module", "context_name"),
    [
        ("functions.orders.domain.order", "functions.orders"),
        ("functions.orders", "functions.orders"),
        ("functions", ""),
        ("entrepot.kernel.money", "entrepot"),
        ("pynamodb.exceptions", ""),
        ("__main__", ""),
    ],
)
def test_a_module_belongs_to_its_context(module: str, context_name: str) -> None:
    assert context_name == precompiled.context_of(module)
