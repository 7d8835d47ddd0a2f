"""The generated passwords and webhook secrets of one machine, in `accounts.json`, readable by its owner only."""

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

PEOPLE: Final = {
    "shopper": "shopper@example.com",
    "merchant": "merchant@example.com",
    "merchant2": "merchant2@example.com",
    "operator": "operator@example.com",
}

Accounts = dict[str, dict[str, str]]


def load_or_create(path: Path) -> Accounts:
    """The accounts of this folder; made, with new secrets, if there are none."""
    if path.exists():
        loaded: Accounts = json.loads(path.read_text(encoding="utf-8"))
        if "btcpay" not in loaded["secrets"]:  # made before there was one
            loaded["secrets"]["btcpay"] = secrets.token_urlsafe(24)
            write_private(path, json.dumps(loaded, indent=2) + "\n")
        return loaded
    accounts: Accounts = {
        role: {"email": email, "password": secrets.token_urlsafe(15)} for role, email in PEOPLE.items()
    }
    accounts["secrets"] = {
        "stripe": f"whsec_{secrets.token_urlsafe(24)}",
        "btcpay": secrets.token_urlsafe(24),
        "aftership": secrets.token_hex(20),
        "17track": secrets.token_hex(16).upper(),
        "easypost": secrets.token_urlsafe(24),
    }
    write_private(path, json.dumps(accounts, indent=2) + "\n")
    return accounts


def write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".scratch")
    scratch.unlink(missing_ok=True)
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    scratch.replace(path)


def app_secret(accounts: Accounts) -> dict[str, Any]:
    """The value of the stage's secret: the stand-ins' keys, and fresh ones of our own.

    A real key of Stripe's test mode, in `ENTREPOT_STRIPE_SECRET_KEY`, takes the stand-in's place.
    """
    hooks = accounts["secrets"]
    return {
        "stripe_secret_key": os.environ.get("ENTREPOT_STRIPE_SECRET_KEY", "sk_test_standin"),
        "stripe_webhook_secret": os.environ.get("ENTREPOT_STRIPE_WEBHOOK_SECRET", hooks["stripe"]),
        "btcpay_store_id": "store-standin",
        "btcpay_api_key": "btcpay-standin",
        "btcpay_webhook_secret": hooks["btcpay"],
        "aftership_secret": hooks["aftership"],
        "easypost_secret": hooks["easypost"],
        "seventeentrack_key": hooks["17track"],
        "cursor_key": secrets.token_hex(32),
        "order_token_key": secrets.token_hex(32),
        "identity_key": secrets.token_hex(32),
        "audit_key": secrets.token_hex(32),
    }
