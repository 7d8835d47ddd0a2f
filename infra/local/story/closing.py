"""The closing words of `make up`: what to try next. Each example works as it stands; a test runs them."""

from pathlib import Path
from typing import Final

_EXAMPLES: Final = """\
# To try next: paste any of this into a shell.
API={base_url}

# what is on sale; every door is listed in the OpenAPI document
curl -sw '\\n' "$API/v1/products?tag=coffee"
curl -s "$API/openapi.json" -o entrepot-openapi.json

# an all-in price for a door in London, as anybody may ask for it
curl -sw '\\n' "$API/v1/quotes" -H 'Content-Type: application/json' -d '{{
  "lines": [{{"sku": "YL-BUDS", "quantity": 2}}, {{"sku": "LS-SCARF", "quantity": 1}}], "currency": "GBP",
  "ship_to": {{"name": "Amelia Hart", "line1": "14 Lamb'"'"'s Conduit Street", "city": "London",
              "postal_code": "WC1N 3LE", "country": "GB"}}}}'

# sign in; roles: shopper, merchant (Shenzhen), merchant2 (Milan), operator
token() {{ python3 -c 'import json, sys; print(json.dumps(json.load(open(sys.argv[1]))[sys.argv[2]]))' {accounts} "$1" |
  curl -s "$API/v1/sessions" -H 'Content-Type: application/json' -d @- |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'; }}
curl -sw '\\n' "$API/v1/orders" -H "Authorization: Bearer $(token shopper)"
curl -sw '\\n' "$API/v1/stock/DS-BAG-TAN" -H "Authorization: Bearer $(token merchant2)"
curl -sw '\\n' "$API/v1/ledger/trial-balance" -H "Authorization: Bearer $(token operator)"
"""


def closing_words(base_url: str, accounts: Path) -> str:
    """What to try next with curl, to be pasted into a shell.

    Args: accounts: the file with the accounts' passwords.
    """
    return _EXAMPLES.format(base_url=base_url, accounts=_quoted(accounts))


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\"'\"'") + "'"
