"""Inventory: how many units of a SKU are in which warehouse, and whose they are.

Glossary:
    warehouse   a place that holds goods, in a country, in one of three modes: direct mail, bonded, overseas
    shelf       the layout of a SKU: which warehouses hold it, in how many buckets; orders never write it
    bucket      a part of a SKU's stock in a warehouse, so that buyers in a hurry do not queue at one item
    available   units that may still be promised to a buyer
    reserved    units promised to an order that is not yet paid
    on hand     available + reserved: what stands in the warehouse as far as the books know
    movement    a change of on-hand stock, with its cause; on hand is always the sum of the movements
    reservation which units of which buckets an order holds, has bought or has given back
    allowance   units of a SKU that one buyer has taken, where its merchant says how many one may have
    demand      units of a SKU wanted from a warehouse; a plan says which buckets meet the demands of an order
"""
