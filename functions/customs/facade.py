"""All that other contexts may call of customs."""

from datetime import date

from entrepot.cloud.reads import Read
from entrepot.cloud.writes import Write
from entrepot.kernel.money import Money
from functions.customs import service
from functions.customs.book import packaged_book
from functions.customs.domain import (
    Assessment,
    Consignment,
    ConsignmentLine,
    DestinationNotSupported,
    DutyFormNotCarried,
    DutyRateMissing,
    Explanation,
    GoodsProhibited,
    GoodsRestricted,
    HsCodeMissing,
    HsCodeUnknown,
    IdentityRequired,
    ImporterIdentity,
    InvalidIdentity,
    Liability,
    LineCharges,
    Lookups,
    MeasureMissing,
    NotIncluded,
    OriginMissing,
    QuotaExceeded,
    RateLookup,
    UnverifiedRate,
    WeightMissing,
    check_identity,
    identity_hash,
    quota_year,
)
from functions.customs.store import QuotaAlreadyReserved, QuotaNotReserved

__all__ = [
    "Assessment",
    "Consignment",
    "ConsignmentLine",
    "DestinationNotSupported",
    "DutyFormNotCarried",
    "DutyRateMissing",
    "Explanation",
    "GoodsProhibited",
    "GoodsRestricted",
    "HsCodeMissing",
    "HsCodeUnknown",
    "IdentityRequired",
    "ImporterIdentity",
    "InvalidIdentity",
    "Liability",
    "LineCharges",
    "Lookups",
    "MeasureMissing",
    "NotIncluded",
    "OriginMissing",
    "QuotaAlreadyReserved",
    "QuotaExceeded",
    "QuotaNotReserved",
    "RateLookup",
    "UnverifiedRate",
    "WeightMissing",
    "assess",
    "book_version",
    "check_identity",
    "forget_order",
    "identity_hash",
    "quota_read",
    "quota_year",
    "release_quota",
    "reserve_quota",
]


def assess(
    consignment: Consignment,
    on: date,
    rates: RateLookup,
    *,
    allow_unverified: bool,
    lookups: Lookups | None = None,
) -> Assessment:
    """Duty, import tax and fees of a consignment by the packaged rule book; `on` is the day of the sale, UTC.

    `allow_unverified` is true on one machine only. Who assesses the same lines sent several ways hands in the same
    `lookups`, and is spared looking all of it up again. For China, `cn_year_used` has to hold the order's other
    consignments too.

    Raises: DestinationNotSupported, DutyRateMissing, HsCodeMissing, OriginMissing, IdentityRequired,
        QuotaExceeded, UnverifiedRate, and what `rates` raises for a currency that it lacks.
    """
    return service.assess_by_packaged_book(consignment, on, rates, allow_unverified, lookups)


def book_version() -> str:
    """Which rule book a quote was made with."""
    return packaged_book().version


def quota_read(person: str, year: int) -> Read[Money]:
    """What a person (an `identity_hash`) has used of a year's quota, in CNY; None where nothing yet."""
    return service.quota_read(person, year)


def reserve_quota(person: str, year: int, order_id: str, amount_fen: int) -> list[Write]:
    """Two writes: the year's sum, while it stays within the limit, and the order's share, once.

    `amount_fen` sums the `quota_value` of the order's consignments; `year` is its `quota_year`.

    Raises: QuotaExceeded: at once where the amount alone exceeds the limit, else at the commit.
        At the commit also QuotaAlreadyReserved.
    """
    return service.reserve_quota(person, year, order_id, amount_fen)


def release_quota(person: str, year: int, order_id: str, amount_fen: int) -> list[Write]:
    """Two writes that give back exactly what the order reserved, at most once.

    Raises: at the commit, QuotaNotReserved: it holds nothing, another amount, or released already.
    """
    return service.release_quota(person, year, order_id, amount_fen)


def forget_order(person: str, year: int, order_id: str, amount_fen: int) -> Write:
    """The write after which nobody can tell which order used a part of a person's quota.

    The year's sum stays under the person's hash, for the law limits it; it ends with its own time.
    Raises, at commit: QuotaNotReserved: the order has used another part than that.
    """
    return service.forget_order(person, year, order_id, amount_fen)
