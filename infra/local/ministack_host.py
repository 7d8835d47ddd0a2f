"""Starts ministack inside its own virtual environment: `python ministack_host.py <python for functions>`.

Two things differ from its own start (ADR 0012). Functions run in a Python that sees nothing but their archives, instead
of ministack's with its packages. And positions in table streams are forgotten, since the streams themselves are not
kept: a remembered position would silently skip as many new records as there were old ones.
"""

import json
import os
import sys
from pathlib import Path


def forget_stream_positions(state: Path) -> None:
    saved = state / "lambda.json"
    if not saved.exists():
        return
    whole = json.loads(saved.read_text(encoding="utf-8"))
    positions = whole.get("payload", {}).get("dynamodb_stream_positions")
    if positions and positions.get("data"):
        positions["data"] = {}
        scratch = saved.with_suffix(".scratch")
        scratch.write_text(json.dumps(whole), encoding="utf-8")
        scratch.replace(saved)


def main() -> None:
    sys.path[0:1] = []  # this file's folder has modules named as packages are
    forget_stream_positions(Path(os.environ["STATE_DIR"]))
    sys.executable = sys.argv[1]
    sys.argv[1:] = []
    from ministack.app import main as serve

    serve()


if __name__ == "__main__":
    main()
