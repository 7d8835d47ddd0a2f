"""Statements as CSV (RFC 4180): a row for each line, amounts in major units, and a last row with the sums."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from entrepot.kernel.clock import rfc3339
from entrepot.kernel.currencies import EXPONENTS
from functions.settlement.domain.statements import Line, Part, Statement

COLUMNS: Final = (
    "order_id", "kind", "occurred_at", "order_currency", "goods", "seller_taxes", "refunded", "returned", "amount",
    "rate", "currency", "converted", "commission_base", "commission", "fee_base", "payment_fee", "logistics_fee",
    "tax_withheld", "reserve", "net", "share_entry", "statement_entry",
)  # fmt: skip


def csv_of(statement: Statement, parts: Sequence[Part]) -> str:
    """The whole statement. Its sums are those of the statement, which its lines add up to."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    currency = statement.terms.currency
    for part in parts:
        writer.writerows(_row(line, part, currency) for line in part.lines)
    sums = {
        "kind": "total",
        "currency": currency,
        "converted": _major(statement.gross, currency),
        "commission_base": _major(statement.commissionable, currency),
        "commission": _major(statement.commission, currency),
        "payment_fee": _major(statement.payment_fees, currency),
        "logistics_fee": _major(statement.logistics_fees, currency),
        "tax_withheld": _major(statement.withheld, currency),
        "reserve": _major(statement.reserve, currency),
        "net": _major(statement.net, currency),
    }
    writer.writerow([sums.get(column, "") for column in COLUMNS])
    return text.getvalue()


def _row(line: Line, part: Part, currency: str) -> list[str]:
    pending = line.pending
    of_order = (pending.goods, pending.seller_taxes, pending.refunded, pending.returned, pending.amount)
    of_statement = (
        line.converted, line.commissionable, line.commission, line.paid, line.payment_fee, line.logistics_fee,
        line.withheld, line.reserve, line.net,
    )  # fmt: skip
    return [
        pending.order_id,
        pending.kind.value,
        rfc3339(pending.occurred_at),
        pending.currency,
        *(_major(amount, pending.currency) for amount in of_order),
        line.rate.applied,
        currency,
        *(_major(amount, currency) for amount in of_statement),
        pending.entry_id,
        part.entry_id,
    ]


def _major(amount: int, currency: str) -> str:
    return f"{Decimal(amount).scaleb(-EXPONENTS[currency]):f}"
