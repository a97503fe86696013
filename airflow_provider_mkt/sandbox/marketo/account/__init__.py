"""Identity, API users, usage and lead partitions."""
