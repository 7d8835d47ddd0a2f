"""Merchants."""

from entrepot.cloud import aws, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Row
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Kind, Refusal
from functions.membership.domain.merchants import Merchant


class MerchantRow(Row):
    """One merchant: pk `merchant#<mrc>`, sk "merchant". Reached by id."""

    class Meta:
        table_name = aws.name("membership")

    merchant = Document[Merchant](Merchant)


class MerchantExists(Refusal):
    code = "merchant_exists"
    kind = Kind.CONFLICT


def merchant_read(merchant_id: str) -> Read[Merchant]:
    return Read(MerchantRow, f"merchant#{merchant_id}", "merchant", lambda row: row.merchant)


def merchant_created(merchant: Merchant) -> Write:
    row = MerchantRow(f"merchant#{merchant.merchant_id}", "merchant", merchant=merchant)
    return writes.create(row, MerchantExists())
