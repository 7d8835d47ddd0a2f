"""What things cost: requests, capacity and CPU of each use case, start-up, sizes, throughput; each beside its floor."""

import pynamodb.models  # noqa: F401  whole, before the platform imports it without botocore: the floor is its own
