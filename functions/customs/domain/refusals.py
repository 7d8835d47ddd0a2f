"""Why a consignment cannot be given one honest price. Each names the row, the line or the limit at fault."""

from typing import ClassVar

from entrepot.kernel.refusals import Kind, Refusal


class DestinationNotSupported(Refusal):
    """Facts: `destination`, and `row`, the rule that blocks it, None where there is no rule for it at all."""

    code: ClassVar[str] = "destination_not_supported"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "We cannot give an honest price for this destination."


class DutyRateMissing(Refusal):
    """Facts: `line`, `field`, `hs_code`, `destination`, `origin`, `kind` of rate."""

    code: ClassVar[str] = "duty_rate_missing"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = (
        "There is no rate for these goods of this origin in this destination; a longer HS code may have one."
    )


class HsCodeMissing(Refusal):
    """Facts: `line`, `field`."""

    code: ClassVar[str] = "hs_code_missing"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "Goods that cross a border need an HS code of 6 to 10 digits."


class HsCodeUnknown(Refusal):
    """Facts: `hs_code`; in a quote `line` and `field` too."""

    code: ClassVar[str] = "hs_code_unknown"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = (
        "The Harmonized System of 2022 has no such code; POST /v1/hs-codes/suggestions proposes some."
    )


class OriginMissing(Refusal):
    """Facts: `line`, `field`."""

    code: ClassVar[str] = "origin_missing"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "Goods that cross a border need their country of origin, as two letters."


class WeightMissing(Refusal):
    """Facts: `line`, `field`, and `row`, the rate that charges by weight."""

    code: ClassVar[str] = "weight_missing"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "These goods bear a duty by weight and need their net weight."


class MeasureMissing(Refusal):
    """Facts: `line`, `field` (`measures.litre`), and `row`, the rate that charges by it."""

    code: ClassVar[str] = "measure_missing"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "These goods bear a duty by quantity; say how much of it one unit of them holds."


class DutyFormNotCarried(Refusal):
    """Facts: `line`, `field`, `row`, `form`, the tariff's own words, and `source`."""

    code: ClassVar[str] = "duty_form_not_carried"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = (
        "The tariff charges these goods in a way that is not carried; take them out of the order."
    )


class GoodsProhibited(Refusal):
    """Facts: `row`, `line`, `field` by which the goods were recognised, `destination`, `source`."""

    code: ClassVar[str] = "goods_prohibited"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "These goods may not be brought into this destination."


class GoodsRestricted(Refusal):
    """Facts: those of `goods_prohibited`. Lawful with a permit that a buyer here cannot show."""

    code: ClassVar[str] = "goods_restricted"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "These goods need a permit in this destination."


class IdentityRequired(Refusal):
    """Facts: `row`, `field`."""

    code: ClassVar[str] = "identity_required"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "This destination's customs ask for the consignee's identity number."


class QuotaExceeded(Refusal):
    """Facts: `field`, `row`, `limit` and `value` (`CNY 5,000.00`); never what the person bought before."""

    code: ClassVar[str] = "quota_exceeded"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "This exceeds what a person may import in this way."


class UnverifiedRate(Refusal):
    """Facts: `row`, `source`."""

    code: ClassVar[str] = "unverified_rate"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "A rate that this price needs has not been verified at its source."
