"""Logistics: which carrier takes a parcel, for how much and by when, and where the parcel is.

Carrier: a company that moves parcels; its `code` is what the API takes and gives (`dhl_express`).
Service: a product of a carrier (`express_worldwide`), priced by rate cards.
Rate card: one carrier's tariff for one service and its origin countries, valid between two dates. It says
    how weight is measured as well as what it costs.
Zone: the destinations of a rate card that share a price, by country and, where it matters, postal prefix.
Volumetric weight: what a parcel counts as for the room it takes, its volume over the card's divisor.
Chargeable weight: what is paid for: actual or volumetric weight, at least the minimum, in steps.
Fuel surcharge: a rate on the price, with or without the other surcharges, as the card says.
Promise: the first and the last day on which the parcel should arrive.
Shipment: one parcel of one order, handed to one carrier under a tracking number.
Scan: one thing a carrier says happened to a parcel, at the scan's own time.
Source: who tells us of scans: AfterShip, 17TRACK, EasyPost.
"""
