"""Worked cases of the other destinations, on both sides of each threshold and each effective date."""

from datetime import date

import pytest

from tests.unit.customs.worked import Worked, case, check

IOSS = "Directive 2006/112/EC, Articles 78 and 369l; Council Regulation (EU) 2026/382; rate: TEDB"
DISTANCE = "Directive 2006/112/EC, Article 33(a); rate: TEDB"
IRD = "ird.govt.nz, GST on low-value imported goods"
NZCS = "customs.govt.nz, Buying online from overseas"
VOEC = "skatteetaten.no, VAT on E-Commerce (VOEC)"
TOLL = "toll.no, Customs duty and VAT on goods from abroad; Merverdiavgiftsloven § 4-11"
CBSA = "cbsa-asfc.gc.ca, Importing by mail or courier: Memoranda D8-2-2 and D8-2-16"
JPC = "customs.go.jp, Customs Answer 1006, duty exemption of JPY 10,000"
JPC_TAX = "customs.go.jp, Consumption Tax Act, Article 28(4)"
THC = "customs.go.th, parcels by post and e-commerce; VAT from 2024-07-05"

MEMBERS = {
    "AT": "20.60",
    "BE": "21.63",
    "BG": "20.60",
    "CY": "19.57",
    "CZ": "21.63",
    "DE": "19.57",
    "DK": "25.75",
    "EE": "24.72",
    "ES": "21.63",
    "FI": "26.27",
    "GR": "24.72",
    "HR": "25.75",
    "HU": "27.81",
    "IE": "23.69",
    "LT": "21.63",
    "LU": "17.51",
    "LV": "21.63",
    "MT": "18.54",
    "NL": "21.63",
    "PL": "23.69",
    "PT": "23.69",
    "SE": "25.75",
    "SI": "22.66",
    "SK": "23.69",
}
"""VAT on EUR 100 of goods and EUR 3 of duty; FR, IT and RO are refused from outside the union."""

UNION = (
    [
        case(
            f"IOSS to {country}",
            IOSS,
            f"CN-{country}",
            "851830 CN EUR 100.00",
            f"import_at_sale | EUR 3.00 | EUR {vat}",
        )
        for country, vat in MEMBERS.items()
    ]
    + [
        case(
            f"{origin} to {to}",
            DISTANCE,
            f"{origin}-{to}",
            "851830 CN EUR 100.00",
            f"intra_eu | EUR 0.00 | EUR {vat}",
        )
        for origin, to, vat in (("DE", "FR", "20.00"), ("DE", "IT", "22.00"), ("HU", "RO", "21.00"))
    ]
    + [
        case(
            "a book in France",
            "CGI, article 278-0 bis A",
            "DE-FR",
            "490199 DE EUR 20.00",
            "intra_eu | EUR 0.00 | EUR 1.10",
            category="books",
        ),
        case(
            "a book in Italy",
            "D.P.R. 633/1972, Table A, part II, no. 18",
            "DE-IT",
            "490199 DE EUR 20.00",
            "intra_eu | EUR 0.00 | EUR 0.80",
            category="books",
        ),
        case(
            "tea in the Netherlands",
            "Wet OB 1968, Table I",
            "IT-NL",
            "090210 CN EUR 20.00",
            "intra_eu | EUR 0.00 | EUR 1.80",
            category="food",
        ),
    ]
)

NEW_ZEALAND = [
    case(
        "an item of exactly NZD 1,000",
        IRD,
        "CN-NZ",
        "851830 CN NZD 1000.00",
        "import_at_sale | NZD 0.00 | NZD 153.00",
        freight="NZD 20.00",
    ),
    case(
        "an item a cent above NZD 1,000",
        IRD,
        "CN-NZ",
        "610910 CN NZD 1000.01",
        "import_at_border | NZD 100.00 | NZD 165.00",
    ),
    case(
        "two items that are NZD 1,000 together",
        NZCS,
        "CN-NZ",
        "2 x 610910 CN NZD 1000.00",
        "import_at_sale | NZD 0.00 | NZD 150.00",
    ),
    case(
        "two items of NZD 800: GST at the sale, and duty on the consignment",
        NZCS,
        "CN-NZ",
        "2 x 610910 CN NZD 1600.00",
        "import_at_sale | NZD 160.00 | NZD 240.00",
    ),
    case(
        "one dear item takes the cheap one to the border",
        IRD,
        "CN-NZ",
        "610910 CN NZD 100.00, 851830 CN NZD 1200.00",
        "import_at_border | NZD 10.00 | NZD 196.50",
    ),
    case(
        "at the border freight bears GST and no duty",
        NZCS,
        "CN-NZ",
        "610910 CN NZD 1200.00",
        "import_at_border | NZD 120.00 | NZD 204.00",
        freight="NZD 40.00",
    ),
    case(
        "stock in New Zealand",
        "Goods and Services Tax Act 1985, section 8",
        "NZ-NZ",
        "610910 CN NZD 200.00",
        "domestic | NZD 0.00 | NZD 30.00",
    ),
]

NORWAY = [
    case(
        "an item an øre below NOK 3,000, freight apart",
        VOEC,
        "CN-NO",
        "851830 CN NOK 2999.99",
        "import_at_sale | NOK 0.00 | NOK 775.00",
        freight="NOK 100.00",
    ),
    case(
        "an item of NOK 3,000",
        VOEC,
        "CN-NO",
        "851830 CN NOK 3000.00",
        "import_at_border | NOK 0.00 | NOK 750.00",
    ),
    case(
        "clothes at the border bear 10.7 %",
        TOLL,
        "CN-NO",
        "610910 CN NOK 3000.01",
        "import_at_border | NOK 321.00 | NOK 830.25",
    ),
    case(
        "two items that are NOK 5,999.98 together",
        VOEC,
        "CN-NO",
        "2 x 610910 CN NOK 5999.98",
        "import_at_sale | NOK 0.00 | NOK 1,500.00",
    ),
    case(
        "stock in Norway",
        "Merverdiavgiftsloven § 3-1",
        "NO-NO",
        "851830 CN NOK 1000.00",
        "domestic | NOK 0.00 | NOK 250.00",
    ),
    case(
        "food in Norway",
        "Stortingets vedtak om merverdiavgift § 3",
        "NO-NO",
        "090210 CN NOK 100.00",
        "domestic | NOK 0.00 | NOK 15.00",
        category="food",
    ),
]

CANADA = [
    case(
        "by courier from the US, CAD 40",
        CBSA,
        "US-CA",
        "610910 VN CAD 40.00",
        "import_at_border | CAD 0.00 | CAD 0.00",
        conveyance="courier",
    ),
    case(
        "by courier from the US, a cent above CAD 40",
        CBSA,
        "US-CA",
        "610910 VN CAD 40.01",
        "import_at_border | CAD 0.00 | CAD 2.00",
        conveyance="courier",
    ),
    case(
        "by courier from Mexico, CAD 150",
        CBSA,
        "MX-CA",
        "610910 VN CAD 150.00",
        "import_at_border | CAD 0.00 | CAD 7.50",
        conveyance="courier",
    ),
    case(
        "by courier from the US, a cent above CAD 150",
        CBSA,
        "US-CA",
        "610910 VN CAD 150.01",
        "import_at_border | CAD 27.00 | CAD 8.85",
        conveyance="courier",
    ),
    case(
        "by mail from the US, CAD 20",
        CBSA,
        "US-CA",
        "610910 VN CAD 20.00",
        "import_at_border | CAD 0.00 | CAD 0.00",
        conveyance="mail",
    ),
    case(
        "by mail from the US, CAD 40",
        CBSA,
        "US-CA",
        "610910 VN CAD 40.00",
        "import_at_border | CAD 7.20 | CAD 2.36",
        conveyance="mail",
    ),
    case(
        "by a conveyance that is not known, as by mail",
        CBSA,
        "US-CA",
        "610910 VN CAD 40.00",
        "import_at_border | CAD 7.20 | CAD 2.36",
    ),
    case(
        "by courier from China, CAD 20",
        CBSA,
        "CN-CA",
        "610910 CN CAD 20.00",
        "import_at_border | CAD 0.00 | CAD 0.00",
        conveyance="courier",
    ),
    case(
        "by courier from China, a cent above CAD 20",
        CBSA,
        "CN-CA",
        "610910 CN CAD 20.01",
        "import_at_border | CAD 3.60 | CAD 1.18",
        conveyance="courier",
    ),
    case(
        "freight bears neither",
        "Customs Act, section 48(5)(b)",
        "CN-CA",
        "851830 CN CAD 200.00",
        "import_at_border | CAD 0.00 | CAD 10.00",
        freight="CAD 30.00",
    ),
    case(
        "stock in Canada",
        "Excise Tax Act, section 165(1)",
        "CA-CA",
        "610910 CN CAD 100.00",
        "domestic | CAD 0.00 | CAD 5.00",
    ),
]

JAPAN = [
    case("JPY 10,000", JPC, "CN-JP", "851830 CN JPY 10000", "import_at_border | JPY 0 | JPY 0"),
    case(
        "a yen above JPY 10,000, the tax rounded down",
        JPC,
        "CN-JP",
        "851830 CN JPY 10001",
        "import_at_border | JPY 0 | JPY 1,000",
    ),
    case(
        "the customs value counts freight",
        JPC,
        "CN-JP",
        "851830 CN JPY 9900",
        "import_at_border | JPY 0 | JPY 1,000",
        freight="JPY 101",
    ),
    case(
        "knitted clothes bear duty below JPY 10,000 too",
        JPC,
        "CN-JP",
        "610910 CN JPY 5000",
        "import_at_border | JPY 545 | JPY 0",
    ),
    case(
        "each line below JPY 10,000 by its own rule",
        JPC,
        "CN-JP",
        "610910 CN JPY 5000, 851830 CN JPY 4000",
        "import_at_border | JPY 545 | JPY 0",
    ),
    case(
        "above JPY 10,000 the tax is on the duty too",
        JPC_TAX,
        "CN-JP",
        "610910 CN JPY 12000",
        "import_at_border | JPY 1,308 | JPY 1,330",
    ),
    case(
        "stock in Japan", "消費税法 Article 29", "JP-JP", "851830 CN JPY 5000", "domestic | JPY 0 | JPY 500"
    ),
    case(
        "tea in Japan",
        "消費税法, reduced rate",
        "JP-JP",
        "090210 CN JPY 1000",
        "domestic | JPY 0 | JPY 80",
        category="food",
    ),
]

THAILAND = [
    case(
        "THB 1,500 while the exemption stood",
        THC,
        "CN-TH",
        "610910 CN THB 1500.00",
        "import_at_border | THB 0.00 | THB 105.00",
        on=date(2025, 12, 31),
    ),
    case(
        "THB 1,500 since: VAT, and duty by notice",
        THC,
        "CN-TH",
        "610910 CN THB 1500.00",
        "import_at_border | THB 0.00 | THB 105.00",
        on=date(2026, 1, 1),
    ),
    case(
        "a satang above THB 1,500",
        THC,
        "CN-TH",
        "610910 CN THB 1500.01",
        "import_at_border | THB 450.00 | THB 136.50",
    ),
    case("one baht bears VAT", THC, "CN-TH", "847130 CN THB 1.00", "import_at_border | THB 0.00 | THB 0.07"),
    case(
        "freight bears duty and VAT",
        THC,
        "CN-TH",
        "610910 CN THB 2000.00",
        "import_at_border | THB 630.00 | THB 191.10",
        freight="THB 100.00",
    ),
    case(
        "stock in Thailand",
        "Revenue Code, section 80",
        "TH-TH",
        "610910 CN THB 100.00",
        "domestic | THB 0.00 | THB 7.00",
    ),
]

DATES = [
    case(
        "the last day of Britain's relief",
        "Budget 2025-11-26",
        "CN-GB",
        "610910 CN GBP 50.00",
        "import_at_sale | GBP 0.00 | GBP 10.00",
        on=date(2029, 2, 28),
    ),
    case(
        "the first day of section 122",
        "CBP, CSMS 67844987",
        "VN-US",
        "610910 VN USD 50.00",
        "import_at_border | USD 13.25 | USD 0.00",
        on=date(2026, 2, 24),
    ),
]

CASES = [*UNION, *NEW_ZEALAND, *NORWAY, *CANADA, *JAPAN, *THAILAND, *DATES]


@pytest.mark.parametrize("worked", CASES, ids=str)
def test_worked_case(worked: Worked) -> None:
    check(worked)
