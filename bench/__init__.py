"""What things cost: requests, capacity and CPU of each use case, start-up, sizes, throughput; each beside its floor."""
