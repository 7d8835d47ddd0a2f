"""The rules of importing, pure: consignment, day, rates and rule book in; charges with their reasons out."""

from functions.customs.domain.assessment import assess
from functions.customs.domain.case import Lookups
from functions.customs.domain.consignment import (
    Assessment,
    Consignment,
    ConsignmentLine,
    Explanation,
    Liability,
    LineCharges,
    NotIncluded,
    RateLookup,
)
from functions.customs.domain.importer import (
    ImporterIdentity,
    InvalidIdentity,
    check_identity,
    identity_hash,
    quota_year,
)
from functions.customs.domain.refusals import (
    DestinationNotSupported,
    DutyFormNotCarried,
    DutyRateMissing,
    GoodsProhibited,
    GoodsRestricted,
    HsCodeMissing,
    HsCodeUnknown,
    IdentityRequired,
    MeasureMissing,
    OriginMissing,
    QuotaExceeded,
    UnverifiedRate,
    WeightMissing,
)
from functions.customs.domain.rulebook import RuleBook

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
    "QuotaExceeded",
    "RateLookup",
    "RuleBook",
    "UnverifiedRate",
    "WeightMissing",
    "assess",
    "check_identity",
    "identity_hash",
    "quota_year",
]
