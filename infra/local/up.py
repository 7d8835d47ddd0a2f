"""`make up`: one command from a fresh clone to a market that serves. `dev` as argument serves the sources instead,
`tools` only prepares the environment for tests.

The first part runs on the machine's own Python, which may have nothing installed; it makes the virtual environment and
goes on inside it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        print(f"up: Entrepot needs Python 3.11 to 3.13; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    from infra import targets
    from infra.local import setup

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _interrupt)
    try:
        targets.host()
        python = setup.environment(
            setup.ROOT / ".venv", setup.ROOT / "requirements" / "tools.txt", "Entrepot's tools"
        )
        if arguments == ["tools"]:
            setup.environment(
                setup.ROOT / ".venv", setup.ROOT / "requirements" / "dev.txt", "the tools for tests"
            )
            return 0
        setup.stand_in_environment()
        if Path(sys.prefix) != setup.ROOT / ".venv":
            command = [str(python), "-m", "infra.local.up", *arguments]
            os.execve(python, command, os.environ | setup.child_environment())
        from infra.local import dev, serve

        return dev.develop() if arguments == ["dev"] else serve.serve()
    except (setup.Hindrance, targets.UnsupportedHost) as hindrance:
        print(f"up: {hindrance}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        return 0


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
