"""`python -m infra.local.seed --url … --accounts … --aws …`: the demo data for a stack that runs already."""

import argparse
import json
import sys
from pathlib import Path

from infra.local.seed import DEFAULT_STAGE, seed
from infra.local.setup import Hindrance


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local.seed", description="Bring in the demo data.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the API serves")
    parser.add_argument("--accounts", type=Path, default=Path(".entrepot/accounts.json"))
    parser.add_argument("--aws", default="http://127.0.0.1:8001", help="where the stand-in for AWS serves")
    parser.add_argument("--stage", default=DEFAULT_STAGE)
    given = parser.parse_args()
    try:
        seed(given.url, json.loads(given.accounts.read_text(encoding="utf-8")), given.aws, given.stage)
    except (OSError, ValueError, Hindrance) as failed:
        print(f"seed: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
