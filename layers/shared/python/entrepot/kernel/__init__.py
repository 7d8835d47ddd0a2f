"""Pure building blocks, standard library only, no business noun: money, ids, clock, refusals, pagination."""
