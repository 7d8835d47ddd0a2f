"""What Stripe accepts as an amount in a currency, and what it keeps of it.

The lists are Stripe's, not ISO 4217's: https://docs.stripe.com/currencies (zero-decimal and three-decimal
currencies, special cases, least amounts).
"""

from __future__ import annotations

from typing import Final

from infra.local.stripe.errors import invalid

CURRENCIES: Final = frozenset(
    """aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad
    cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd
    hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl
    mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg
    qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah
    ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw""".split()  # noqa: SIM905
)
ZERO_DECIMAL: Final = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMAL: Final = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
# Written with two decimals for compatibility although they have none: the decimals must be 00.
WHOLE_ONLY: Final = frozenset(("isk", "ugx"))

LEAST: Final = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
MOST: Final = 99_999_999
# Rupiah have two decimals at Stripe and are worth little: eight digits would be some sixty dollars.
MOST_OF: Final = {"idr": 999_999_999_999}


def check_charge(amount: int, currency: str) -> None:
    """Refuse an amount that cannot be charged exactly."""
    check_currency(currency)
    if amount < LEAST.get(currency, 1):
        raise invalid(
            f"Amount must be at least {shown(LEAST.get(currency, 1), currency)}", "amount", "amount_too_small"
        )
    if amount > MOST_OF.get(currency, MOST):
        raise invalid(
            f"Amount must be no more than {shown(MOST_OF.get(currency, MOST), currency)}",
            "amount",
            "amount_too_large",
        )
    step = 100 if currency in WHOLE_ONLY else 10 if currency in THREE_DECIMAL else 1
    if amount % step:
        raise invalid(
            f"Amounts in {currency} must be multiples of {step}.", "amount", "parameter_invalid_integer"
        )


def check_currency(currency: str) -> None:
    """Refuse a currency, in lower case, that Stripe does not know."""
    if currency not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency}.", "currency", "currency_not_supported")


def shown(amount: int, currency: str) -> str:
    """An amount for a message: `12.50 eur`."""
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    if decimals == 0:
        return f"{amount} {currency}"
    major, minor = divmod(amount, 10**decimals)
    return f"{major}.{minor:0{decimals}d} {currency}"


def fee(amount: int) -> int:
    """The stand-in's price of a charge: 2.9 % + 30 minor units, half up; real fees depend on the contract."""
    return (amount * 29 + 500) // 1000 + 30
