"""Worked cases to the minor unit, each with the public page whose rule or example it follows."""

from datetime import date

import pytest

from tests.unit.customs.worked import Worked, case, check

IOSS = "Directive 2006/112/EC, Articles 78 and 369l; Council Regulation (EU) 2026/382"
ZOLL = "zoll.de, Internet orders: postage does not count towards the 150 euros, but bears VAT"
HMRC_SALE = "gov.uk, Charging VAT on goods sold direct to customers in the UK"
HMRC_BORDER = "gov.uk, Tax and customs for goods sent from abroad: tax and duty"
CBP = "CBP ruling NY N010257 (16.5 % on 6109.10.00); USTR, 85 FR 3741 (List 4A)"
CSMS = "CBP, CSMS 67844987: 10 % from 2026-02-24 to 2026-07-24"
ABF = "Australian Customs, imported goods valued above AUD 1,000, examples of the calculation"
ATO = "ATO, GST on low value imported goods"
NINGBO = "Ningbo Customs, Taxes on cross-border e-commerce retail imports, People's Daily 2025-11-14"


GERMANY = [
    case(
        "IOSS at exactly EUR 150",
        IOSS,
        "CN-DE",
        "851830 CN EUR 150.00",
        "import_at_sale | EUR 3.00 | EUR 29.07",
    ),
    case(
        "freight does not count towards EUR 150",
        ZOLL,
        "CN-DE",
        "851830 CN EUR 150.00",
        "import_at_sale | EUR 3.00 | EUR 32.87",
        freight="EUR 20.00",
    ),
    case(
        "a cent above EUR 150",
        ZOLL,
        "CN-DE",
        "610910 CN EUR 150.01",
        "import_at_border | EUR 19.20 | EUR 34.05",
        freight="EUR 10.00",
    ),
    case(
        "headphones above EUR 150 are free of duty, not of VAT",
        ZOLL,
        "CN-DE",
        "851830 CN EUR 200.00",
        "import_at_border | EUR 0.00 | EUR 38.00",
    ),
    case(
        "a pen, a book and a hat are three items",
        "DHL, Changes to the EU de minimis customs rule, example 1",
        "CN-DE",
        "960810 CN EUR 5.00, 490199 CN EUR 10.00, 650500 CN EUR 15.00",
        "import_at_sale | EUR 9.00 | EUR 7.42",
    ),
    case(
        "T-shirts and shoes are two subheadings, and VAT is due on the EUR 6 too",
        "Glopal, EU customs changes on 1 July 2026, after the Commission's guidance of 2 June 2026",
        "CN-DE",
        "610910 CN EUR 40.00, 640399 CN EUR 60.00",
        "import_at_sale | EUR 6.00 | EUR 21.09",
        freight="EUR 5.00",
    ),
    case(
        "the last day of the duty relief",
        IOSS,
        "CN-DE",
        "851830 CN EUR 50.00",
        "import_at_sale | EUR 0.00 | EUR 9.50",
        on=date(2026, 6, 30),
    ),
    case(
        "the first day of the EUR 3",
        IOSS,
        "CN-DE",
        "851830 CN EUR 50.00",
        "import_at_sale | EUR 3.00 | EUR 10.07",
        on=date(2026, 7, 1),
    ),
    case(
        "the last day of the EUR 3",
        IOSS,
        "CN-DE",
        "851830 CN EUR 50.00",
        "import_at_sale | EUR 3.00 | EUR 10.07",
        on=date(2028, 6, 30),
    ),
    case(
        "stock in Germany",
        "Directive 2006/112/EC, Article 31; UStG § 12",
        "DE-DE",
        "851830 CN EUR 100.00",
        "domestic | EUR 0.00 | EUR 19.93",
        freight="EUR 4.90",
    ),
    case(
        "Milan to Berlin",
        "Directive 2006/112/EC, Article 33(a)",
        "IT-DE",
        "851671 IT EUR 499.00",
        "intra_eu | EUR 0.00 | EUR 94.81",
    ),
    case(
        "tea within the EU at the reduced rate",
        "UStG § 12(2) no. 1, Annex 2",
        "IT-DE",
        "090210 CN EUR 20.00",
        "intra_eu | EUR 0.00 | EUR 1.40",
        category="food",
    ),
    case(
        "Italian wine in Germany, where still wine bears no excise",
        "Directive (EU) 2020/262, Article 44; SchaumwZwStG",
        "IT-DE",
        "220421 IT EUR 30.00",
        "intra_eu | EUR 0.00 | EUR 5.70",
    ),
    case(
        "yuan that are EUR 150.00 at the day's rate",
        IOSS,
        "CN-DE",
        "851830 CN CNY 1128.88",
        "import_at_sale | CNY 22.58 | CNY 218.78",
    ),
    case(
        "yuan that are EUR 150.01 at the day's rate",
        IOSS,
        "CN-DE",
        "851830 CN CNY 1128.93",
        "import_at_border | CNY 0.00 | CNY 214.50",
    ),
]

BRITAIN = [
    case(
        "exactly GBP 135",
        HMRC_SALE,
        "CN-GB",
        "610910 CN GBP 135.00",
        "import_at_sale | GBP 0.00 | GBP 28.00",
        freight="GBP 5.00",
    ),
    case(
        "a penny above GBP 135",
        HMRC_BORDER,
        "CN-GB",
        "610910 CN GBP 135.01",
        "import_at_border | GBP 16.80 | GBP 31.36",
        freight="GBP 5.00",
    ),
    case(
        "the consignment counts, not the item",
        HMRC_SALE,
        "CN-GB",
        "610910 CN GBP 70.00, 420221 IT GBP 70.00",
        "import_at_border | GBP 9.80 | GBP 29.96",
    ),
    case(
        "from the EU it is an import all the same",
        HMRC_SALE,
        "IT-GB",
        "420221 IT GBP 120.00",
        "import_at_sale | GBP 0.00 | GBP 24.00",
    ),
    case(
        "stock in Britain",
        HMRC_SALE,
        "GB-GB",
        "420221 IT GBP 500.00",
        "domestic | GBP 0.00 | GBP 100.00",
    ),
]

UNITED_STATES = [
    case(
        "T-shirts of China bear the tariff and section 301, on the goods alone",
        CBP,
        "CN-US",
        "610910 CN USD 50.00",
        "import_at_border | USD 12.00 | USD 0.00",
        freight="USD 10.00",
    ),
    case(
        "T-shirts of Vietnam bear the tariff",
        CBP,
        "VN-US",
        "610910 VN USD 50.00",
        "import_at_border | USD 8.25 | USD 0.00",
    ),
    case(
        "the last day of section 122",
        CSMS,
        "VN-US",
        "610910 VN USD 50.00",
        "import_at_border | USD 13.25 | USD 0.00",
        on=date(2026, 7, 23),
    ),
    case(
        "the first day without section 122",
        CSMS,
        "VN-US",
        "610910 VN USD 50.00",
        "import_at_border | USD 8.25 | USD 0.00",
        on=date(2026, 7, 24),
    ),
    case(
        "stock in the United States",
        "South Dakota v. Wayfair: sales tax is the states' matter",
        "US-US",
        "420221 IT USD 300.00",
        "domestic | USD 0.00 | USD 0.00",
    ),
]

AUSTRALIA = [
    case(
        "exactly AUD 1,000",
        ATO,
        "CN-AU",
        "420221 IT AUD 1000.00",
        "import_at_sale | AUD 0.00 | AUD 102.00",
        freight="AUD 20.00",
    ),
    case(
        "a cent above AUD 1,000",
        ABF,
        "CN-AU",
        "420221 IT AUD 1000.01",
        "import_at_border | AUD 50.00 | AUD 107.00",
        freight="AUD 20.00",
    ),
    case(
        "customs value 1,400, transport and insurance 130, duty 5 %",
        ABF,
        "IT-AU",
        "420221 IT AUD 1400.00",
        "import_at_border | AUD 70.00 | AUD 160.00",
        freight="AUD 130.00",
    ),
    case(
        "customs value 1,200, transport and insurance 150, duty 5 %",
        ABF,
        "IT-AU",
        "420221 IT AUD 1200.00",
        "import_at_border | AUD 60.00 | AUD 141.00",
        freight="AUD 150.00",
    ),
    case(
        "stock in Australia",
        "A New Tax System (Goods and Services Tax) Act 1999, section 9-70",
        "AU-AU",
        "610910 CN AUD 33.33",
        "domestic | AUD 0.00 | AUD 3.33",
    ),
]

CHINA = [
    case(
        "a cream of CNY 425 for 20 grams, which is high-grade: 52.50 and 45.50",
        NINGBO,
        "FR-CN",
        "330499 FR CNY 425.00",
        "cn_cbec | CNY 0.00 | CNY 98.00",
    ),
    case(
        "an ordinary cream bears VAT only: 9.1 %",
        NINGBO,
        "FR-CN",
        "330499 FR CNY 100.00",
        "cn_cbec | CNY 0.00 | CNY 9.10",
        category="ordinary_cosmetics",
    ),
    case(
        "headphones at 9.1 %, freight included",
        NINGBO,
        "KR-CN",
        "851830 KR CNY 980.00",
        "cn_cbec | CNY 0.00 | CNY 91.00",
        freight="CNY 20.00",
    ),
    case(
        "wine at (10 % + 13 %) / 90 % x 70 %",
        NINGBO,
        "FR-CN",
        "220421 FR CNY 1000.00",
        "cn_cbec | CNY 0.00 | CNY 178.89",
    ),
    case(
        "from a bonded warehouse in China",
        NINGBO,
        "CN-CN",
        "420221 IT CNY 1000.00",
        "cn_cbec | CNY 0.00 | CNY 91.00",
        mode="bonded",
    ),
    case(
        "exactly CNY 5,000, of several units",
        NINGBO,
        "IT-CN",
        "420221 IT CNY 4900.00",
        "cn_cbec | CNY 0.00 | CNY 455.00",
        freight="CNY 100.00",
        units_in_order=3,
    ),
    case(
        "one item above CNY 5,000 in full: duty 6 %, VAT 13 %",
        NINGBO,
        "IT-CN",
        "420221 IT CNY 5900.00",
        "cn_cbec | CNY 360.00 | CNY 826.80",
        freight="CNY 100.00",
    ),
    case(
        "a fen above CNY 5,000",
        NINGBO,
        "IT-CN",
        "420221 IT CNY 5000.01",
        "cn_cbec | CNY 300.00 | CNY 689.00",
    ),
    case(
        "goods that are in China",
        "中华人民共和国增值税法",
        "CN-CN",
        "610910 CN CNY 100.00",
        "domestic | CNY 0.00 | CNY 13.00",
    ),
]

CASES = [*GERMANY, *BRITAIN, *UNITED_STATES, *AUSTRALIA, *CHINA]


@pytest.mark.parametrize("worked", CASES, ids=str)
def test_worked_case(worked: Worked) -> None:
    check(worked)
