"""Customs: what crossing a border costs, from dated rules that are cited one by one.

consignment        the goods of one seller from one warehouse in one parcel to one consignee
territory          a country, or the customs union it belongs to (`EU`); cleared goods move freely inside it
nomenclature       the Harmonized System of 2022: chapters, headings, subheadings; further digits are a country's own
suggestion         a subheading whose words fit a product's text; the merchant chooses
regime             how a consignment is taxed: `domestic`, `intra_eu`, `import_at_sale`, `import_at_border`,
                   `cn_cbec`
intrinsic value    the price of the goods alone, without freight, insurance and taxes shown apart
rule               one dated row that opens a regime, guards it, charges, gives notice, or blocks
restriction        one dated row of goods that may not be brought in, or only with a permit; it stops a quote
rate row           one dated rate: destination, kind, HS prefix, origin, tax category; the longest prefix wins
basis              the parts of the price to which a rate applies, named by the rule
specific duty      duty by a quantity (weight, pieces, pairs, litres, pure alcohol, …), alone or beside a share of the
                   value, within a least and a most
measure            how much of such a quantity one unit of the goods holds, as its variant says
additional duty    duty on goods of one origin on top of the tariff's, such as section 301's on goods of China
deemed supplier    the platform, where the law makes it owe the tax on its merchants' sales
incoterm           `ddp`: duties are in the price; `dap`: the buyer pays them at the border
confidence         `confirmed`: read at its source; `unverified`: best known, the authority's page not read;
                   `unconfirmed`: not settled, so that the row blocks or gives notice
quota              what a person in China may import at reduced rates in a calendar year of Asia/Shanghai
importer identity  the consignee's name and resident identity number, matched with order, payment and waybill; or an
                   enterprise's name and credit code
general trade      import into China by an enterprise on record with customs: no quota, duty and taxes in full
landed cost        goods, freight, insurance, duty, import tax and fees together
"""
