"""Orders: the cart, the quote with its one honest price, and the order that copies it and never computes again.

Glossary:
    cart       what a buyer thinks of buying: SKUs and quantities, priced anew at each reading
    quote      a firm all-in offer with options, valid until a time printed on it, used at most once
    option     one way of delivery with its price: goods, freight, duty, import tax, fees
    origin     a warehouse and the units of a line that come from it; a line is split where none has all of it
    parcel     a consignment: one merchant's goods from one warehouse by one carrier
    order      a used quote; its lines and amounts never change, only what has become of them
    share      one merchant's part of an order; it runs through the lifecycle by itself
    timeline   what happened to an order, in order of time
"""
