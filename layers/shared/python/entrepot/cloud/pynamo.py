"""pynamodb's rows, conditions and requests without botocore: the one module that imports pynamodb.

Its connection imports botocore's client for the requests that it would send. Ours are sent by `dynamo.call`, so a
function need not load that: half of what both take to import (ADR 81). While pynamodb is imported, modules without
content stand where botocore's would; afterwards they are gone, and whoever asks for botocore gets it whole.
"""

import importlib
import sys
from types import ModuleType
from typing import Any, Final

import botocore.exceptions  # pynamodb's own exceptions are made of these

_LEFT_OUT: Final = ("client", "config", "credentials", "endpoint", "hooks", "model", "session", "signers")


class _Nothing(ModuleType):
    """Any name imported from it is an empty class: pynamodb has them as bases and in types, and never makes one.

    Exceptions are botocore's own, for those it catches.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(botocore.exceptions, name, None) or type(name, (), {})
        setattr(self, name, found)
        return found


def _import_lean() -> None:
    """Nothing is left out where one of both has been imported already, as in tests and benches."""
    if "pynamodb.connection" in sys.modules or "botocore.client" in sys.modules:
        return
    whole = {f"botocore.{name}" for name in _LEFT_OUT} & sys.modules.keys()
    missing = [name for name in _LEFT_OUT if f"botocore.{name}" not in whole]
    for name in missing:
        nothing = _Nothing(f"botocore.{name}")
        sys.modules[nothing.__name__] = nothing
        setattr(botocore, name, nothing)
    try:
        importlib.import_module("pynamodb.models")
    finally:
        for name in missing:
            del sys.modules[f"botocore.{name}"]
            delattr(botocore, name)


_import_lean()

from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute  # noqa: E402
from pynamodb.connection import Connection, TableConnection  # noqa: E402
from pynamodb.constants import BINARY, STRING  # noqa: E402
from pynamodb.exceptions import QueryError  # noqa: E402
from pynamodb.expressions.condition import Condition  # noqa: E402
from pynamodb.expressions.update import Action  # noqa: E402
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex  # noqa: E402
from pynamodb.models import Model  # noqa: E402

__all__ = [
    "BINARY",
    "STRING",
    "Action",
    "AllProjection",
    "Attribute",
    "Condition",
    "Connection",
    "GlobalSecondaryIndex",
    "Model",
    "NumberAttribute",
    "QueryError",
    "TableConnection",
    "UnicodeAttribute",
]
