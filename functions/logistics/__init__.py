"""Logistics: which carrier takes a parcel, for how much and by when, and where the parcel is.

Carrier: a company that moves parcels; its `code` is what the API takes and gives (`dhl_express`).
Service: a product of a carrier (`express_worldwide`), priced by rate cards.
Rate card: one carrier's tariff for one service and its origin countries, valid between two dates. It says
    how weight is measured as well as what it costs.
Zone: the destinations of a rate card that share a price, by country and, where it matters, postal prefix.
Volumetric weight: what a parcel counts as for the room it takes, its volume over the card's divisor.
Chargeable weight: what is paid for: actual or volumetric weight, at least the minimum, in steps.
Fuel surcharge: a rate on the price, with or without the other surcharges, as the card says.
Piece: one physical parcel; what is too heavy or too large for one goes in several pieces of one shipment.
Remote area: places, by postal prefix, that cost more whatever their zone.
Cut-off: the hour from which on an order counts as of the next day. Handling: the warehouse's working days after it.
Transit days: within how many working days half of the parcels arrive, and nine of ten.
Promise: the first and the last day on which the parcel should arrive.
Shipment: what one order hands over at once, handed to one carrier under a tracking number.
Scan: one thing a carrier says happened to a parcel, at the scan's own time.
Source: who tells us of scans: AfterShip, 17TRACK, EasyPost.
Declaration: what customs is told of a shipment; its papers are the commercial invoice, CN22, CN23 and packing list.
Sheet: one paper as it is set. A job makes PDFs of a declaration's four sheets, named by what they say.
Import of rate cards: a CSV that is stored whole or not at all; their version counts the imports.
"""
