"""A day's report as CSV (RFC 4180): a row for each difference and currency, amounts in major units."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from entrepot.kernel.clock import rfc3339
from entrepot.kernel.currencies import EXPONENTS
from functions.clearing.domain.items import Item
from functions.clearing.domain.reports import Report

COLUMNS: Final = (
    "row", "source", "day", "currency", "provider", "ledger", "difference", "outcome", "cause", "kind", "key", "at",
    "age_days", "owner", "taken_by", "reason", "facts",
)  # fmt: skip


def csv_of(report: Report, items: Iterable[Item], today: date) -> str:
    """First the sums of the whole day by currency, then the items given."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for sums in report.totals:
        difference = sums.provider - sums.ledger
        amounts = [_major(each, sums.currency) for each in (sums.provider, sums.ledger, difference)]
        writer.writerow(_padded(["total", report.source, report.day.isoformat(), sums.currency, *amounts]))
    for item in items:
        writer.writerows(_rows(item, today))
    return text.getvalue()


def _rows(item: Item, today: date) -> Iterable[Sequence[object]]:
    for each in item.sums:
        amounts = [_major(amount, each.currency) for amount in (each.provider, each.ledger, each.difference)]
        yield (
            "item", item.source, item.day.isoformat(), each.currency, *amounts, item.outcome.value, item.cause.value,
            item.kind, item.key, rfc3339(item.at), item.age_days(today), item.owner.value, item.taken_by, item.reason,
            " ".join(item.facts),
        )  # fmt: skip


def _padded(row: list[str]) -> list[str]:
    return row + [""] * (len(COLUMNS) - len(row))


def _major(amount: int, currency: str) -> str:
    return f"{Decimal(amount).scaleb(-EXPONENTS[currency]):f}"
