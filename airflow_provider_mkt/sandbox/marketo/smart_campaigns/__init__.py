"""Smart campaigns: requests, scheduling, assets."""
