"""Campaigns: records, assets, budget and their endpoints."""
