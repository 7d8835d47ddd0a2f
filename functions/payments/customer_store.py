"""Customers in DynamoDB: which member is whom at the provider."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from entrepot.cloud import aws, writes
from entrepot.cloud.reads import Read
from entrepot.cloud.rows import Document, Number, Row
from entrepot.cloud.writes import Write
from entrepot.kernel.refusals import Busy
from functions.payments.domain.customer import Customer

_LEFT_FOR: Final = timedelta(days=2)
"""How long it is kept that a member has left: many times what a token of theirs may live."""


class CustomerRow(Row):
    """A member as the provider's customer: pk `customer#<member id>`, sk "customer". Reached by its key.

    `revision` counts its writes; `expires_at` is in seconds since 1970, of one whose member has left and whom the
    provider has forgotten.
    """

    class Meta:
        table_name = aws.name("payments")

    customer: Document[Customer] = Document(Customer)
    revision = Number()
    expires_at = Number(null=True)


class CustomerChanged(Busy):
    """The customer changed since it was read: read it again and decide again."""


def customer_read(member_id: str) -> Read[Customer]:
    return Read(CustomerRow, f"customer#{member_id}", "customer", _parsed)


def intended(customer: Customer) -> Write:
    """Raises, at commit: CustomerChanged: somebody else intends it already."""
    return writes.create(_row(customer), CustomerChanged())


def saved(before: Customer, after: Customer) -> Write:
    """Raises, at commit: CustomerChanged."""
    row = _row(replace(after, revision=before.revision + 1))
    return writes.put(row, CustomerRow.revision == before.revision, CustomerChanged())


def _row(customer: Customer) -> CustomerRow:
    # Until the provider has forgotten them, this row alone knows whom to ask it to forget.
    forgotten = customer.left_at if not customer.customer_id else None
    ends = forgotten + _LEFT_FOR if forgotten else None
    return CustomerRow(
        f"customer#{customer.member_id}",
        "customer",
        customer=customer,
        revision=customer.revision,
        expires_at=int(ends.timestamp()) if ends else None,
    )


def _parsed(row: Any) -> Customer:
    customer: Customer = row.customer
    return customer
