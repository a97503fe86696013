"""What Airflow reads about this provider. Imports nothing: Airflow calls it in every process."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """The provider's description, connection types and configuration."""
    return {
        "package-name": "airflow-provider-mkt",
        "name": "HubSpot and Marketo Engage",
        "description": "Imports leads, creates campaign batches, enrols people in nurture programs and "
        "publishes email on HubSpot and Marketo Engage.",
        "integrations": [
            {
                "integration-name": "HubSpot",
                "external-doc-url": "https://developers.hubspot.com/docs",
                "tags": ["service"],
            },
            {
                "integration-name": "Marketo Engage",
                "external-doc-url": "https://experienceleague.adobe.com/en/docs/marketo-developer",
                "tags": ["service"],
            },
        ],
        "operators": [
            {
                "integration-name": name,
                "python-modules": [
                    f"airflow_provider_mkt.operators.{module}"
                    for module in (
                        "campaign_requests",
                        "campaigns",
                        "deleting",
                        "email_tests",
                        "emails",
                        "events",
                        "exports",
                        "hubspot",
                        "imports",
                        "lead_intake",
                        "leads",
                        "lists",
                        "marketo",
                        "merging",
                        "nurture",
                        "program_members",
                        "programs",
                        "sends",
                        "sequences",
                        "smart_campaigns",
                        "statistics",
                        "subscriptions",
                        "workflows",
                    )
                ],
            }
            for name in ("HubSpot", "Marketo Engage")
        ],
        "sensors": [
            {
                "integration-name": name,
                "python-modules": [
                    f"airflow_provider_mkt.sensors.{module}"
                    for module in (
                        "batch_status",
                        "emails",
                        "hubspot",
                        "lead_changes",
                        "leads",
                        "marketo",
                        "quota",
                    )
                ],
            }
            for name in ("HubSpot", "Marketo Engage")
        ],
        "triggers": [
            {
                "integration-name": name,
                "python-modules": [
                    f"airflow_provider_mkt.triggers.{module}" for module in ("batch_status", "condition")
                ],
            }
            for name in ("HubSpot", "Marketo Engage")
        ],
        "hooks": [
            {"integration-name": "HubSpot", "python-modules": ["airflow_provider_mkt.hooks.hubspot"]},
            {"integration-name": "Marketo Engage", "python-modules": ["airflow_provider_mkt.hooks.marketo"]},
        ],
        "connection-types": [
            {
                "connection-type": "hubspot",
                "hook-class-name": "airflow_provider_mkt.hooks.hubspot.HubSpotHook",
                "hook-name": "HubSpot",
                "conn-fields": {
                    "refresh_token": {
                        "label": "Refresh token",
                        "description": "Only for an OAuth app, whose client id goes into the field above "
                        "and whose client secret takes the place of the access token.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                    "api_version": {
                        "label": "API version",
                        "description": "v3: the v3 and v4 paths; 2026-03: the dated paths that replace them.",
                        "schema": {"type": "string", "enum": ["v3", "2026-03"], "default": "v3"},
                    },
                    "calls_per_10_seconds": {
                        "label": "Calls per 10 seconds",
                        "description": "Never use more of the account's limit than this; empty for all.",
                        "schema": {"type": ["integer", "null"], "minimum": 1},
                    },
                    "max_concurrency": {
                        "label": "Concurrent calls",
                        "description": "How many calls a task has under way at most; HubSpot sets no limit.",
                        "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100},
                    },
                    "daily_reserve": {
                        "label": "Calls of the day to leave",
                        "description": "Left to other software: long work stops before them and goes on "
                        "after the reset.",
                        "schema": {"type": "integer", "minimum": 0, "default": 100},
                    },
                    "legacy_calls": {
                        "label": "Allow legacy calls",
                        "description": "The two calls of the discontinued Leads and Nurturing APIs, "
                        "which carry the access token in their URL.",
                        "schema": {"type": "boolean", "default": False},
                    },
                },
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port"],
                    "relabeling": {
                        "host": "API host",
                        "login": "OAuth client id",
                        "password": "Access token or OAuth client secret",
                    },
                    "placeholders": {
                        "host": "https://api.hubapi.com",
                        "login": "only for an OAuth app",
                        "password": "pat-na1-…",
                    },
                },
            },
            {
                "connection-type": "marketo",
                "hook-class-name": "airflow_provider_mkt.hooks.marketo.MarketoHook",
                "hook-name": "Marketo Engage",
                "conn-fields": {
                    "calls_per_20_seconds": {
                        "label": "Calls per 20 seconds",
                        "description": "How much of the instance's 100 to use; other software shares them.",
                        "schema": {"type": "integer", "minimum": 1, "default": 100},
                    },
                    "max_concurrency": {
                        "label": "Concurrent calls",
                        "description": "How many of the instance's 10 to use; other software shares them.",
                        "schema": {"type": "integer", "minimum": 1, "default": 10},
                    },
                    "daily_quota": {
                        "label": "Calls per day",
                        "description": "What the contract gives; no endpoint tells it.",
                        "schema": {"type": "integer", "minimum": 1, "default": 50000},
                    },
                    "daily_reserve": {
                        "label": "Calls of the day to leave",
                        "description": "Left to other software: long work stops before them and goes on "
                        "after the reset.",
                        "schema": {"type": "integer", "minimum": 0, "default": 100},
                    },
                },
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port"],
                    "relabeling": {
                        "host": "Munchkin id or REST endpoint",
                        "login": "Client id",
                        "password": "Client secret",
                    },
                    "placeholders": {
                        "host": "123-ABC-456",
                        "login": "of the custom service (LaunchPoint)",
                        "password": "of the custom service (LaunchPoint)",
                    },
                },
            },
        ],
        "config": {
            "mkt": {
                "description": "HubSpot and Marketo Engage.",
                "options": {
                    "state_dir": {
                        "description": "Directory, shared by every Airflow process on this machine, for rate "
                        "budgets, locks and what tasks remember between tries. Empty means a private "
                        "directory below the system's temporary one.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "/var/lib/airflow/mkt",
                        "default": "",
                    },
                    "shared_state_url": {
                        "description": "Redis or PostgreSQL server that holds rate budgets and locks when "
                        "tasks run on several machines. Empty means each machine has its own, in state_dir.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "sensitive": True,
                        "example": "redis://:password@redis.internal:6379/0",
                        "default": "",
                    },
                },
            },
        },
    }
