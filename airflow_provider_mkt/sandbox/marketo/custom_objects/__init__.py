"""Custom objects: their types and their records."""
