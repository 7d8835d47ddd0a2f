"""`python -m infra.local.btcpay`: see the package's docstring."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.local.btcpay.standin import BtcpayStandIn
from infra.local.stripe.serving import serve_until_signalled


def main() -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.btcpay", description="A stand-in for a BTCPay Server."
    )
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 for any free one")
    parser.add_argument("--webhook-url", default="", help="where events go; without it they are only kept")
    parser.add_argument("--webhook-secret", default="", help="signs them")
    parser.add_argument("--state", type=Path, help="a file to keep everything in between starts")
    parser.add_argument("--store", default="store-standin", help="the id of its one store")
    parser.add_argument("--api-key", default="btcpay-standin", help="the only key accepted")
    given = parser.parse_args()
    if given.webhook_url and not given.webhook_secret:
        parser.error("--webhook-url needs --webhook-secret")
    try:
        standin = BtcpayStandIn(
            given.port, given.webhook_url, given.webhook_secret, given.state, given.store, given.api_key
        )
    except OSError as error:
        print(f"btcpay stand-in: cannot start on port {given.port}: {error}", file=sys.stderr)
        return 1
    except (ValueError, KeyError) as error:
        print(f"btcpay stand-in: {given.state} is not a state file: {error!r}", file=sys.stderr)
        return 1
    standin.start_deliveries()
    serve_until_signalled(standin.server, "btcpay stand-in")
    standin.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
