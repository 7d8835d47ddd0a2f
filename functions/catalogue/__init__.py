"""Catalogue: what merchants put on sale, how it reads, what it costs, and what customs will ask about it.

product            what a merchant describes once: texts, category, tags, origin, HS code; first a draft
variant            one form of a product that can be bought, under its own SKU, with price, weight and size
SKU                stock-keeping unit: the name of a variant, unique on the platform, never given out twice
offer              a variant with everything that a cart, a quote and customs ask of it, under its SKU
card               what a list shows of a published product
revision           a state of a product that its merchant made; its number is the product's ETag
edition            a state of a product's row, whoever made it: a change of availability is a new edition,
                   but no new revision
availability       whether any warehouse can sell a SKU: a projection of what inventory says, never the truth
HS code            number of goods in the Harmonized System of the World Customs Organization: six digits
                   everywhere, up to ten with a country's own subdivisions
country of origin  where goods were made, as customs sees it; not where they are sent from
"""
