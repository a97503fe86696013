"""Bulk imports of leads and program members."""
