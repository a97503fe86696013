"""Pipelines of deals, tickets and other objects, and their stages."""

from airflow_provider_mkt.client.hubspot.pipelines.pipelines import Pipeline, Stage, get, list, list_stages

__all__ = ["Pipeline", "Stage", "get", "list", "list_stages"]
