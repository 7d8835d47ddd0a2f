"""What other contexts and the seed of a stage may call. Values and reads, never rows.

Who calls a route is known from its token (`entrepot.cloud.auth`); no context asks here for that.
"""

from functions.membership.domain.merchants import Merchant
from functions.membership.service.oauth.keys import principal as key_holder
from functions.membership.service.seeding import seed_account, seed_merchant
from functions.membership.store import merchant_read

__all__ = ["Merchant", "key_holder", "merchant_read", "seed_account", "seed_merchant"]
