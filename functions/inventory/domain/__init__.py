"""What inventory is, without its store: warehouses, stock in buckets, reservations."""
