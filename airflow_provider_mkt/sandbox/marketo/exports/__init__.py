"""Bulk extracts of leads, activities and program members."""
