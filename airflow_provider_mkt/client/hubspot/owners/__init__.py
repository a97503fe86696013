"""Owners: the users whom records are assigned to."""

from airflow_provider_mkt.client.hubspot.owners.owners import PAGE_MAX, Owner, get, list

__all__ = ["PAGE_MAX", "Owner", "get", "list"]
