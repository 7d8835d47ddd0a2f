"""`python -m infra.local.story --url … --accounts …`: the story, told against a stack that runs already."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from infra.local.accounts import Accounts
from infra.local.client import Client, Unanswered
from infra.local.seed import DEFAULT_STAGE
from infra.local.setup import Hindrance
from infra.local.story import tell
from infra.package import REGION

_SIGNED: Final = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/lambda/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
"""The stand-in asks for a signature, to see which service is meant, and does not check it."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack whose stand-ins serve on the ports after the front's, unless told otherwise."""

    base_url: str
    stripe_url: str
    carriers_url: str
    aws_url: str
    stage: str
    accounts: Accounts

    def invoke(self, function: str, event: Any) -> Any:
        """Call a function through the endpoint of Lambda. Raises: AssertionError: it failed."""
        path = f"/2015-03-31/functions/entrepot-{self.stage}-{function}/invocations"
        try:
            result = Client(self.aws_url).call("POST", path, event, headers=_SIGNED).expect(200)
        except Unanswered as failed:
            raise AssertionError(f"{function} failed: {failed}") from None
        if isinstance(result, dict) and "errorMessage" in result:
            raise AssertionError(f"{function} failed: {result['errorMessage']}")
        return result


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.story", description="Tell the story of a sale."
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the API serves")
    parser.add_argument("--accounts", type=Path, default=Path(".entrepot/accounts.json"))
    parser.add_argument("--aws", help="the stand-in for AWS; the API's port + 1 if left out")
    parser.add_argument("--stripe", help="the stand-in for Stripe; the API's port + 2 if left out")
    parser.add_argument("--carriers", help="the stand-in for carriers; the API's port + 3 if left out")
    parser.add_argument("--stage", default=DEFAULT_STAGE)
    given = parser.parse_args()
    try:
        tell(
            Stack(
                base_url=given.url,
                stripe_url=given.stripe or _beside(given.url, 2),
                carriers_url=given.carriers or _beside(given.url, 3),
                aws_url=given.aws or _beside(given.url, 1),
                stage=given.stage,
                accounts=json.loads(given.accounts.read_text(encoding="utf-8")),
            )
        )
    except (OSError, ValueError, Hindrance) as failed:
        print(f"story: {failed}", file=sys.stderr)
        return 1
    return 0


def _beside(url: str, further: int) -> str:
    address = urlsplit(url)
    return f"{address.scheme}://{address.hostname}:{(address.port or 80) + further}"


if __name__ == "__main__":
    raise SystemExit(main())
