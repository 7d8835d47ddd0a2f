"""`python -m infra.local.stripe`: see the package's docstring."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.local.stripe.serving import serve_until_signalled
from infra.local.stripe.standin import StripeStandIn


def main() -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.stripe", description="A stand-in for Stripe."
    )
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 for any free one")
    parser.add_argument("--webhook-url", default="", help="where events go; without it they are only kept")
    parser.add_argument("--webhook-secret", default="", help="signs them (whsec_...)")
    parser.add_argument("--state", type=Path, help="a file to keep everything in between starts")
    parser.add_argument("--secret-key", help="the only API key accepted; else any sk_test_ or rk_test_ key")
    given = parser.parse_args()
    if given.webhook_url and not given.webhook_secret:
        parser.error("--webhook-url needs --webhook-secret")
    try:
        standin = StripeStandIn(
            given.port, given.webhook_url, given.webhook_secret, given.state, given.secret_key
        )
    except OSError as error:
        print(f"stripe stand-in: cannot start on port {given.port}: {error}", file=sys.stderr)
        return 1
    except (ValueError, KeyError) as error:
        print(f"stripe stand-in: {given.state} is not a state file: {error!r}", file=sys.stderr)
        return 1
    standin.start_deliveries()
    serve_until_signalled(standin.server, "stripe stand-in")
    standin.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
