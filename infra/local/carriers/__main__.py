"""`python -m infra.local.carriers`: see the package's docstring."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from infra.local.carriers.payloads import SOURCES
from infra.local.carriers.server import CarriersApi
from infra.local.carriers.tracker import Tracker
from infra.local.stripe.serving import LocalServer, serve_until_signalled


def main() -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.carriers", description="A stand-in for carriers' webhooks."
    )
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 for any free one")
    parser.add_argument("--target", required=True, help="the base address that receives the webhooks")
    parser.add_argument("--secrets", type=Path, required=True, help="JSON with the secrets of the sources")
    given = parser.parse_args()
    try:
        server = LocalServer(given.port, CarriersApi(Tracker(given.target, secrets_of(given.secrets))))
    except (OSError, ValueError) as error:
        print(f"carriers stand-in: cannot start: {error}", file=sys.stderr)
        return 1
    serve_until_signalled(server, "carriers stand-in")
    return 0


def secrets_of(path: Path) -> dict[str, str]:
    """The sources' secrets from the file. Raises OSError, ValueError."""
    document = json.loads(path.read_text(encoding="utf-8"))
    secrets = document.get("secrets", document) if isinstance(document, dict) else {}
    missing = [source for source in SOURCES if not isinstance(secrets.get(source), str)]
    if missing:
        raise ValueError(f"{path} has no secret for {', '.join(missing)}")
    return {source: secrets[source] for source in SOURCES}


if __name__ == "__main__":
    raise SystemExit(main())
