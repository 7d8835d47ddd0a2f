"""The demo's merchants and accounts, written where the platform keeps them: nobody is there yet who could ask for them.

    python -m infra.local.seed.people < accounts.json

Stage and address of AWS come from the environment. Standard input holds e-mail and password by role.
"""

import json
import sys
from decimal import Decimal

from entrepot.kernel.clock import utc_now
from functions.membership import facade as membership
from functions.membership.domain.merchants import merchant
from infra.local.accounts import Accounts
from infra.local.seed import data


def create(accounts: Accounts) -> None:
    """Every merchant and account of the demo; those that stand are left, but for a password that differs."""
    now = utc_now()
    demo = data.load()
    for one in demo.merchants:
        rate = Decimal(one.commission_rate)
        membership.seed_merchant(merchant(one.id, one.name, one.country, one.payout_currency, rate), now)
    staff = {one.account: one.id for one in demo.merchants}
    for account, merchant_id in {"shopper": None, "operator": None, **staff}.items():
        person = accounts[account]
        role = account if merchant_id is None else "merchant"
        membership.seed_account(person["email"], person["password"], role, merchant_id, now)


if __name__ == "__main__":
    create(json.load(sys.stdin))
