"""Worked cases on the day before each rule begins or ends, and on the day itself."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.unit.customs.worked import Worked, case, check

NO_RULE = "refused | destination_not_supported | None"
NO_VAT_RATE = "refused | duty_rate_missing | vat"
NO_DUTY_RATE = "refused | duty_rate_missing | duty"

IOSS = "Directive 2006/112/EC, Articles 78 and 369l; Council Regulation (EU) 2026/382"
SINCE_2021 = "Council Directive (EU) 2017/2455, Article 2: from 2021-07-01"
CBSA = "cbsa-asfc.gc.ca, CUSMA: increase to low-value shipment thresholds; Customs Notice 20-18"
CSMS = "CBP, CSMS 67845486 and 67844987: from 2026-02-24 to 2026-07-24"
HMRC = "gov.uk, VAT and overseas goods sold directly to customers in the UK: from 2021-01-01"
ATO = "ATO, GST on low value imported goods: from 2018-07-01"
IRD = "ird.govt.nz, GST on low value imported goods: from 2019-12-01"
TOLL = "toll.no, E-commerce: what changed on 1 April 2020"
MOF = "财关税〔2018〕49号: from 2019-01-01"
NOT_READ = "decisions 4: what is not confirmed is refused by the name of its row"


def turn(
    first: str, source: str, route: str, goods: str, before: str, after: str, **more: Any
) -> list[Worked]:
    """The same goods on the day before `first`, and on it."""
    day = date.fromisoformat(first)
    eve = day - timedelta(days=1)
    return [
        case(f"{goods} on {on}", source, route, goods, expected, on=on, **more)
        for on, expected in ((eve, before), (day, after))
    ]


UNION = [
    *turn("2021-07-01", SINCE_2021, "DE-DE", "851830 CN EUR 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2021-07-01", SINCE_2021, "IT-DE", "851830 CN EUR 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2021-07-01", SINCE_2021, "CN-DE", "851830 CN EUR 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2021-07-01", SINCE_2021, "CN-DE", "851830 CN EUR 200.00", NO_RULE, NO_DUTY_RATE),
    *turn(
        "2023-02-13",
        "Directive (EU) 2020/262, Article 44: from 2023-02-13",
        "IT-DE",
        "220421 IT EUR 30.00",
        NO_VAT_RATE,
        "refused | duty_rate_missing | excise",
    ),
    *turn(
        "2026-07-01",
        "Council Regulation (EU) 2026/382; whether it holds outside IOSS is not confirmed",
        "DE-DE",
        "851830 CN EUR 50.00",
        "import_at_border | EUR 0.00 | EUR 9.50",
        "refused | destination_not_supported | eu-border-low-value",
        mode="bonded",
    ),
    *turn(
        "2028-07-01",
        IOSS,
        "CN-DE",
        "851830 CN EUR 50.00",
        "import_at_sale | EUR 3.00 | EUR 10.07 | fees",
        "refused | destination_not_supported | eu-low-value-after-2028",
    ),
    *turn(
        "2026-11-01",
        "EU customs reform: a handling fee no later than 2026-11-01, its amount not confirmed",
        "CN-DE",
        "851830 CN EUR 50.00",
        "import_at_sale | EUR 3.00 | EUR 10.07 |",
        "import_at_sale | EUR 3.00 | EUR 10.07 | fees",
    ),
    *turn(
        "2026-11-01",
        "EU customs reform: a handling fee no later than 2026-11-01, its amount not confirmed",
        "CN-DE",
        "851830 CN EUR 200.00",
        "import_at_border | EUR 0.00 | EUR 38.00 |",
        "import_at_border | EUR 0.00 | EUR 38.00 | fees",
    ),
    *turn(
        "2026-01-01",
        "Romania: RON 25 per parcel from 2026-01-01, how it combines with the EUR 3 not confirmed",
        "CN-RO",
        "851830 CN EUR 50.00",
        NO_VAT_RATE,
        "refused | destination_not_supported | ro-parcel-fee",
    ),
    *turn(
        "2026-03-01",
        "France: EUR 2 per line from 2026-03-01, how it combines with the EUR 3 not confirmed",
        "CN-FR",
        "851830 CN EUR 50.00",
        "import_at_sale | EUR 0.00 | EUR 10.00",
        "refused | destination_not_supported | fr-parcel-fee",
    ),
    *turn(
        "2026-01-01",
        "Italy: EUR 2, its date and how it combines with the EUR 3 not confirmed",
        "CN-IT",
        "851830 CN EUR 50.00",
        NO_VAT_RATE,
        "refused | destination_not_supported | it-parcel-fee",
    ),
]

APART = {
    "es-outside-vat": ("CN-ES", "35001"),
    "fi-aland": ("CN-FI", "22100"),
    "pt-islands": ("CN-PT", "9000-001"),
    "fr-overseas": ("CN-FR", "97400"),
    "gb-northern-ireland": ("CN-GB", "BT1 1AA"),
    "de-outside-vat": ("CN-DE", "27498"),
    "it-outside-vat": ("CN-IT", "23041"),
    "gr-athos": ("CN-GR", "63086"),
}
"""Places with taxes of their own, by a postal code in each."""

REGIONS = [
    one
    for row, (route, code) in APART.items()
    for one in turn(
        "2021-01-01",
        "Directive 2006/112/EC, Articles 6 and 105; Windsor Framework",
        route,
        "851830 CN EUR 50.00" if row != "gb-northern-ireland" else "851830 CN GBP 50.00",
        NO_RULE,
        f"refused | destination_not_supported | {row}",
        destination_postal_code=code,
    )
]

BRITAIN = [
    *turn("2021-01-01", HMRC, "GB-GB", "610910 CN GBP 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2021-01-01", HMRC, "CN-GB", "610910 CN GBP 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2021-01-01", HMRC, "CN-GB", "610910 CN GBP 200.00", NO_RULE, NO_DUTY_RATE),
    *turn(
        "2029-03-01",
        "Budget 2025-11-26: the relief ends by March 2029 at the latest",
        "CN-GB",
        "610910 CN GBP 50.00",
        "import_at_sale | GBP 0.00 | GBP 10.00",
        "refused | destination_not_supported | gb-low-value-after-2029",
    ),
]

UNITED_STATES = [
    *turn(
        "2018-06-21",
        "South Dakota v. Wayfair, decided on 2018-06-21: sales tax is the states' matter",
        "US-US",
        "420221 IT USD 300.00",
        NO_RULE,
        "domestic | USD 0.00 | USD 0.00 | import_tax",
    ),
    *turn(
        "2026-02-24",
        CSMS,
        "CN-US",
        "610910 CN USD 50.00",
        NO_RULE,
        "import_at_border | USD 17.00 | USD 0.00 | import_tax fees",  # 8.25, 3.75 and 5.00
    ),
    *turn(
        "2026-07-24",
        CSMS,
        "CN-US",
        "610910 CN USD 50.00",
        "import_at_border | USD 17.00 | USD 0.00 | import_tax fees",
        "import_at_border | USD 12.00 | USD 0.00 | duty import_tax fees",
    ),
]

AUSTRALIA = [
    *turn("2018-07-01", ATO, "AU-AU", "610910 CN AUD 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2018-07-01", ATO, "CN-AU", "610910 CN AUD 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2018-07-01", ATO, "CN-AU", "610910 CN AUD 2000.00", NO_RULE, NO_DUTY_RATE),
]

CHINA = [
    *turn(
        "2019-04-01",
        "财政部 税务总局 海关总署公告2019年第39号: VAT of 13 % from 2019-04-01",
        "CN-CN",
        "610910 CN CNY 100.00",
        NO_RULE,
        NO_VAT_RATE,
    ),
    *turn(
        "2019-01-01",
        MOF,
        "IT-CN",
        "420221 IT CNY 100.00",
        NO_RULE,
        "refused | duty_rate_missing | consumption",
    ),
    *turn("2019-01-01", MOF, "IT-CN", "420221 IT CNY 6000.00", NO_RULE, NO_DUTY_RATE),
    *turn(
        "2026-01-01",
        "中华人民共和国增值税法, in force from 2026-01-01; 海关总署令第253号",
        "IT-CN",
        "420221 IT CNY 6000.00",
        NO_RULE,
        "import_at_border | CNY 360.00 | CNY 826.80",
        importer="enterprise",
    ),
]

NEW_ZEALAND = [
    *turn("2019-12-01", IRD, "NZ-NZ", "610910 CN NZD 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2019-12-01", IRD, "CN-NZ", "610910 CN NZD 50.00", NO_RULE, NO_VAT_RATE),
    *turn("2019-12-01", IRD, "CN-NZ", "2 x 610910 CN NZD 1600.00", NO_RULE, NO_DUTY_RATE),
    *turn("2019-12-01", IRD, "CN-NZ", "610910 CN NZD 1200.00", NO_RULE, NO_DUTY_RATE),
]

NORWAY = [
    *turn("2020-04-01", TOLL, "NO-NO", "610910 CN NOK 500.00", NO_RULE, NO_VAT_RATE),
    *turn("2020-04-01", TOLL, "CN-NO", "610910 CN NOK 500.00", NO_RULE, NO_VAT_RATE),
    *turn("2020-04-01", TOLL, "CN-NO", "610910 CN NOK 4000.00", NO_RULE, NO_DUTY_RATE),
]

CANADA = [
    *turn(
        "2020-07-01",
        CBSA,
        "CA-CA",
        "610910 CN CAD 50.00",
        NO_RULE,
        "domestic | CAD 0.00 | CAD 2.50 | import_tax",
    ),
    *turn(
        "2020-07-01",
        CBSA,
        "US-CA",
        "610910 VN CAD 30.00",
        NO_RULE,
        "import_at_border | CAD 0.00 | CAD 0.00",
        conveyance="courier",
    ),
    *turn(
        "2020-07-01",
        CBSA,
        "US-CA",
        "610910 VN CAD 100.00",
        NO_RULE,
        "import_at_border | CAD 0.00 | CAD 5.00",
        conveyance="courier",
    ),
    *turn("2020-07-01", CBSA, "US-CA", "610910 VN CAD 200.00", NO_RULE, NO_DUTY_RATE, conveyance="courier"),
    *turn(
        "2020-07-01", CBSA, "CN-CA", "610910 CN CAD 15.00", NO_RULE, "import_at_border | CAD 0.00 | CAD 0.00"
    ),
    *turn("2020-07-01", CBSA, "CN-CA", "610910 CN CAD 200.00", NO_RULE, NO_DUTY_RATE),
]

TEN_PER_CENT = "National Tax Agency of Japan: consumption tax of 10 % from 2019-10-01"
JAPAN = [
    *turn("2019-10-01", TEN_PER_CENT, "JP-JP", "851830 CN JPY 5000", NO_RULE, NO_VAT_RATE),
    *turn(
        "2019-10-01",
        TEN_PER_CENT,
        "CN-JP",
        "851830 CN JPY 5000",
        NO_RULE,
        "import_at_border | JPY 0 | JPY 0 |",
    ),
    *turn("2019-10-01", TEN_PER_CENT, "CN-JP", "610910 CN JPY 5000", NO_RULE, NO_DUTY_RATE),
    *turn("2019-10-01", TEN_PER_CENT, "CN-JP", "851830 CN JPY 20000", NO_RULE, NO_DUTY_RATE),
    *turn(
        "2026-01-01",
        "Japan, tax reform: whether and when the exemption ends is not confirmed",
        "CN-JP",
        "851830 CN JPY 5000",
        "import_at_border | JPY 0 | JPY 0 |",
        "import_at_border | JPY 0 | JPY 0 | import_tax",
    ),
]

THC = "Customs Department of Thailand, notification of 2024-06-19: from 2024-07-05"
THAILAND = [
    *turn("2024-07-05", THC, "TH-TH", "610910 CN THB 100.00", NO_RULE, "domestic | THB 0.00 | THB 7.00"),
    *turn(
        "2024-07-05",
        THC,
        "CN-TH",
        "610910 CN THB 1000.00",
        NO_RULE,
        "import_at_border | THB 0.00 | THB 70.00 |",
    ),
    *turn("2024-07-05", THC, "CN-TH", "610910 CN THB 2000.00", NO_RULE, NO_DUTY_RATE),
    *turn(
        "2026-01-01",
        "Customs Department of Thailand: the end of the exemption is reported, not confirmed",
        "CN-TH",
        "610910 CN THB 1000.00",
        "import_at_border | THB 0.00 | THB 70.00 |",
        "import_at_border | THB 0.00 | THB 70.00 | duty",
    ),
]

BLOCKED = [
    one
    for country in ("SG", "KR", "BR", "MX", "CH")
    for one in turn(
        "2021-01-01",
        NOT_READ,
        f"CN-{country}",
        "851830 CN USD 50.00",
        NO_RULE,
        f"refused | destination_not_supported | {country.lower()}-import",
    )
]

CASES = [
    *UNION,
    *REGIONS,
    *BRITAIN,
    *UNITED_STATES,
    *AUSTRALIA,
    *CHINA,
    *NEW_ZEALAND,
    *NORWAY,
    *CANADA,
    *JAPAN,
    *THAILAND,
    *BLOCKED,
]


@pytest.mark.parametrize("worked", CASES, ids=str)
def test_worked_case(worked: Worked) -> None:
    check(worked)
