"""What contexts publish: their events, one module each, and the table of who may do what."""
