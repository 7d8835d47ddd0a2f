"""Documents in rows as DynamoDB holds them: plain text, or deflated where they are long (ADR 80)."""

import json
import zlib
from collections.abc import Mapping
from typing import Any


def text(row: Mapping[str, Any], name: str) -> str:
    """The JSON of a row's document, from DynamoDB's own notation."""
    held = row[name]
    return str(held["S"]) if "S" in held else zlib.decompress(held["B"]).decode()


def document(row: Mapping[str, Any], name: str) -> Any:
    return json.loads(text(row, name))
