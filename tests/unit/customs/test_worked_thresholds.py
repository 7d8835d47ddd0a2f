"""Worked cases at exactly a limit and one minor unit above it, where the other tables have none; and general trade."""

from datetime import date

import pytest

from tests.unit.customs.consignments import money
from tests.unit.customs.worked import Worked, case, check

MOF = "财关税〔2018〕49号; Ningbo Customs, People's Daily 2025-11-14"
TRADE = (
    "财关税〔2018〕49号: general trade beyond the limit; 增值税法, 消费税暂行条例: (value + duty) / (1 - CT)"
)
TOLL = "toll.no, The VOEC scheme: goods with a value under NOK 3,000, exempt from customs duty"
CBSA = "cbsa-asfc.gc.ca, CUSMA: increase to low-value shipment thresholds"
NZCS = "customs.govt.nz, Buying online from overseas"
LOW = "Council Regulation (EU) 2026/382: whether the EUR 3 holds outside IOSS is not confirmed"

CHINA = [
    case(
        "exactly the year's limit, of one item",
        MOF,
        "IT-CN",
        "420221 IT CNY 26000.00",
        "cn_cbec | CNY 1,560.00 | CNY 3,582.80",
    ),
    case(
        "a fen above the year's limit",
        MOF,
        "IT-CN",
        "420221 IT CNY 26000.01",
        "refused | quota_exceeded | cn-year-limit",
    ),
    case(
        "exactly the year's limit with what was bought before",
        MOF,
        "IT-CN",
        "420221 IT CNY 1000.00",
        "cn_cbec | CNY 0.00 | CNY 91.00",
        cn_year_used=money("CNY 25000.00"),
    ),
    case(
        "a fen above the year's limit with what was bought before",
        MOF,
        "IT-CN",
        "420221 IT CNY 1000.00",
        "refused | quota_exceeded | cn-year-limit",
        cn_year_used=money("CNY 25000.01"),
    ),
    case(
        "two units that are CNY 5,000 together",
        MOF,
        "IT-CN",
        "2 x 420221 IT CNY 5000.00",
        "cn_cbec | CNY 0.00 | CNY 455.00",
        units_in_order=2,
    ),
    case(
        "two units a fen above CNY 5,000",
        MOF,
        "IT-CN",
        "2 x 420221 IT CNY 5000.01",
        "refused | quota_exceeded | cn-single-item",
        units_in_order=2,
    ),
    case(
        "an enterprise takes the same two units in general trade",
        TRADE,
        "IT-CN",
        "2 x 420221 IT CNY 5000.01",
        "import_at_border | CNY 300.00 | CNY 689.00",
        units_in_order=2,
        importer="enterprise",
    ),
    case(
        "an enterprise has no quota and no reduced rate",
        TRADE,
        "IT-CN",
        "420221 IT CNY 100.00",
        "import_at_border | CNY 6.00 | CNY 13.78",
        importer="enterprise",
    ),
    case(
        "an enterprise above the year's limit of a person",
        TRADE,
        "IT-CN",
        "420221 IT CNY 26000.01",
        "import_at_border | CNY 1,560.00 | CNY 3,582.80",
        importer="enterprise",
    ),
    case(
        "wine in general trade: 14 %, then 10 % inside its own base, then 13 % on all",
        TRADE,
        "FR-CN",
        "220421 FR CNY 1000.00",
        "import_at_border | CNY 140.00 | CNY 291.34",  # 1140 / 0.9 = 1266.67: 126.67 and 164.67
        importer="enterprise",
    ),
    case(
        "a high-grade cream in general trade, freight included",
        TRADE,
        "FR-CN",
        "330499 FR CNY 9800.00",
        "import_at_border | CNY 100.00 | CNY 3,327.06",  # 10100 / 0.85 = 11882.35: 1782.35 and 1544.71
        freight="CNY 200.00",
        importer="enterprise",
    ),
    case(
        "from a bonded warehouse an enterprise imports in general trade too",
        TRADE,
        "CN-CN",
        "420221 IT CNY 1000.00",
        "import_at_border | CNY 60.00 | CNY 137.80",
        mode="bonded",
        importer="enterprise",
    ),
    case(
        "an importer who is not named",
        "财关税〔2018〕49号: order, payment and waybill with the buyer's identity",
        "IT-CN",
        "420221 IT CNY 100.00",
        "refused | identity_required | cn-identity",
        has_importer_identity=False,
    ),
    case(
        "an enterprise that is not named",
        "海关总署令第253号, articles 2 and 4",
        "IT-CN",
        "420221 IT CNY 100.00",
        "refused | identity_required | cn-trade-importer",
        has_importer_identity=False,
        importer="enterprise",
    ),
]

UNION = [
    case(
        "out of a bonded warehouse, exactly EUR 150",
        LOW,
        "DE-DE",
        "851830 CN EUR 150.00",
        "refused | destination_not_supported | eu-border-low-value",
        mode="bonded",
    ),
    case(
        "out of a bonded warehouse, a cent above EUR 150",
        LOW,
        "DE-DE",
        "851830 CN EUR 150.01",
        "import_at_border | EUR 0.00 | EUR 28.50",
        mode="bonded",
    ),
]

NEW_ZEALAND = [
    case(
        "goods of NZD 1,000, freight and insurance of NZD 100: GST of NZD 165",
        "New Zealand Customs Service, Examples of how to calculate customs charges, example 1",
        "CN-NZ",
        "851830 CN NZD 1000.00",
        "import_at_sale | NZD 0.00 | NZD 165.00",
        freight="NZD 100.00",
    ),
    case(
        "two items that are a cent above NZD 1,000 together",
        NZCS,
        "CN-NZ",
        "610910 CN NZD 500.00, 851830 CN NZD 500.01",
        "import_at_sale | NZD 50.00 | NZD 150.00 | fees",
    ),
]

NORWAY = [
    case(
        "an item an øre below NOK 3,000",
        TOLL,
        "CN-NO",
        "610910 CN NOK 2999.99",
        "import_at_sale | NOK 0.00 | NOK 750.00",
    ),
    case(
        "an item of NOK 3,000",
        TOLL,
        "CN-NO",
        "610910 CN NOK 3000.00",
        "import_at_border | NOK 321.00 | NOK 830.25",
    ),
]

CANADA = [
    case(
        "by mail from the US, a cent above CAD 20",
        CBSA,
        "US-CA",
        "610910 VN CAD 20.01",
        "import_at_border | CAD 3.60 | CAD 1.18",
        conveyance="mail",
    ),
]

JAPAN = [
    case(
        "knitted clothes of JPY 10,000",
        "customs.go.jp, Customs Answer 1006: not for goods that the exemption leaves out",
        "CN-JP",
        "610910 CN JPY 10000",
        "import_at_border | JPY 1,090 | JPY 0",
    ),
    case(
        "knitted clothes a yen above JPY 10,000",
        "customs.go.jp, Customs Answers 1006 and 1111",
        "CN-JP",
        "610910 CN JPY 10001",
        "import_at_border | JPY 1,090 | JPY 1,109",
    ),
]

THAILAND = [
    case(
        "a satang above THB 1,500 while the exemption stood, of which no rate is carried",
        "Customs Department of Thailand, notification of 2024-06-19",
        "CN-TH",
        "610910 CN THB 1500.01",
        "refused | duty_rate_missing | duty",
        on=date(2025, 12, 31),
    ),
]

CASES = [*CHINA, *UNION, *NEW_ZEALAND, *NORWAY, *CANADA, *JAPAN, *THAILAND]


@pytest.mark.parametrize("worked", CASES, ids=str)
def test_worked_case(worked: Worked) -> None:
    check(worked)
