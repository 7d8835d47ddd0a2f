"""Reference rates: what one currency was worth in another, by whom and on which day.

reference rate     units of a currency for one euro, published by the European Central Bank on working days at
                   about 16:00 CET; for information, not a price at which anyone must deal
rate table         all reference rates of one publication, with its date and source
cross rate         the rate between two currencies that are both quoted against the euro
rate book          a table in use for one quote; a rate is locked, as decimal text, on its first use
spread             what a unit price shown in another currency lies above the reference rate, by merchant and stage
charm              how converted unit prices end in a market, such as x.99
stale              older than the stage allows: nothing converts by it
in force           the newest table published on or before a day; on a weekend that is Friday's
"""
