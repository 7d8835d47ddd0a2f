"""`make up`: one command from a fresh clone to a market that serves.

The first part runs on the machine's own Python, which may have nothing installed; it makes the virtual environment and
goes on inside it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def main() -> int:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        print(f"up: Entrepot needs Python 3.11 to 3.13; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    from infra import targets
    from infra.local import setup

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _interrupt)
    try:
        targets.host()
        python = setup.environment(setup.ROOT / ".venv", setup.ROOT / "requirements" / "tools.txt", "Entrepot's tools")
        setup.stand_in_environment()
        if Path(sys.prefix) != setup.ROOT / ".venv":
            os.execve(python, [str(python), "-m", "infra.local.up"], os.environ | setup.child_environment())
        from infra.local import serve

        return serve.serve()
    except (setup.Hindrance, targets.UnsupportedHost) as hindrance:
        print(f"up: {hindrance}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        return 0


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
