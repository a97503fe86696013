"""The description of this provider that Airflow reads.

Airflow calls it in every process, so it imports nothing.
"""

from __future__ import annotations

from typing import Any

_HUBSPOT, _MARKETO = "HubSpot", "Marketo Engage"
_BOTH = (_HUBSPOT, _MARKETO)

# Modules of each package, with the platforms that their classes serve.
_OPERATORS: dict[str, tuple[str, ...]] = {
    "campaign_requests": (_MARKETO,),
    "campaigns": _BOTH,
    "deleting": _BOTH,
    "email_tests": _BOTH,
    "emails": _BOTH,
    "events": (_HUBSPOT,),
    "exports": (_MARKETO,),
    "hubspot": (_HUBSPOT,),
    "imports": _BOTH,
    "lead_intake": (_MARKETO,),
    "leads": _BOTH,
    "lists": _BOTH,
    "marketo": (_MARKETO,),
    "merging": _BOTH,
    "nurture": _BOTH,
    "program_members": (_MARKETO,),
    "programs": (_MARKETO,),
    "sends": (_HUBSPOT,),
    "sequences": (_HUBSPOT,),
    "smart_campaigns": (_MARKETO,),
    "statistics": (_HUBSPOT,),
    "subscriptions": (_HUBSPOT,),
    "workflows": (_HUBSPOT,),
}
_SENSORS: dict[str, tuple[str, ...]] = {
    "batch_status": _BOTH,
    "emails": _BOTH,
    "hubspot": (_HUBSPOT,),
    "lead_changes": _BOTH,
    "leads": _BOTH,
    "marketo": (_MARKETO,),
    "quota": _BOTH,
}
_TRIGGERS: dict[str, tuple[str, ...]] = {"batch_status": _BOTH, "condition": _BOTH}


def _by_integration(package: str, modules: dict[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """List the modules of a package under each integration that they serve."""
    return [
        {
            "integration-name": integration,
            "python-modules": [
                f"airflow_provider_mkt.{package}.{module}"
                for module, served in modules.items()
                if integration in served
            ],
        }
        for integration in _BOTH
    ]


def get_provider_info() -> dict[str, Any]:
    """Describe the provider, its connection types and its configuration."""
    return {
        "package-name": "airflow-provider-mkt",
        "name": "HubSpot and Marketo Engage",
        "description": "Imports leads, creates campaign batches, enrols people in nurture programs and "
        "publishes email on HubSpot and Marketo Engage.",
        "integrations": [
            {
                "integration-name": _HUBSPOT,
                "external-doc-url": "https://developers.hubspot.com/docs",
                "tags": ["service"],
            },
            {
                "integration-name": _MARKETO,
                "external-doc-url": "https://experienceleague.adobe.com/en/docs/marketo-developer",
                "tags": ["service"],
            },
        ],
        "operators": _by_integration("operators", _OPERATORS),
        "sensors": _by_integration("sensors", _SENSORS),
        "triggers": _by_integration("triggers", _TRIGGERS),
        "hooks": [
            {"integration-name": _HUBSPOT, "python-modules": ["airflow_provider_mkt.hooks.hubspot"]},
            {"integration-name": _MARKETO, "python-modules": ["airflow_provider_mkt.hooks.marketo"]},
        ],
        "connection-types": [
            {
                "connection-type": "hubspot",
                "hook-class-name": "airflow_provider_mkt.hooks.hubspot.HubSpotHook",
                "hook-name": "HubSpot",
                "conn-fields": {
                    "refresh_token": {
                        "label": "Refresh token",
                        "description": "Only for an OAuth app: its client id goes into the login field, and "
                        "its client secret into the password field in place of the access token.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                    "api_version": {
                        "label": "API version",
                        "description": "v3: the v3 and v4 paths; 2026-03: the dated paths that replace them.",
                        "schema": {"type": "string", "enum": ["v3", "2026-03"], "default": "v3"},
                    },
                    "calls_per_10_seconds": {
                        "label": "Calls per 10 seconds",
                        "description": "The part of the account's limit to use. Empty: all of it.",
                        "schema": {"type": ["integer", "null"], "minimum": 1},
                    },
                    "max_concurrency": {
                        "label": "Concurrent calls",
                        "description": "Most calls of one task in flight. HubSpot sets no limit.",
                        "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100},
                    },
                    "daily_reserve": {
                        "label": "Daily calls to reserve",
                        "description": "Left for other software. Long tasks pause before they use them "
                        "and continue after the daily reset.",
                        "schema": {"type": "integer", "minimum": 0, "default": 100},
                    },
                    "legacy_calls": {
                        "label": "Allow legacy calls",
                        "description": "Allow the two calls of the discontinued Leads and Nurturing APIs, "
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
                        "description": "The part of the instance's 100 to use. Other software shares them.",
                        "schema": {"type": "integer", "minimum": 1, "default": 100},
                    },
                    "max_concurrency": {
                        "label": "Concurrent calls",
                        "description": "The part of the instance's 10 to use. Other software shares them.",
                        "schema": {"type": "integer", "minimum": 1, "default": 10},
                    },
                    "daily_quota": {
                        "label": "Calls per day",
                        "description": "The limit in the contract. No endpoint reports it.",
                        "schema": {"type": "integer", "minimum": 1, "default": 50000},
                    },
                    "daily_reserve": {
                        "label": "Daily calls to reserve",
                        "description": "Left for other software. Long tasks pause before they use them "
                        "and continue after the daily reset.",
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
                        "description": "Directory for rate limit budgets, locks and task state, shared by "
                        "all Airflow processes of this machine. Empty: a private directory below the "
                        "system's temporary directory.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "/var/lib/airflow/mkt",
                        "default": "",
                    },
                    "shared_state_url": {
                        "description": "Redis or PostgreSQL server for rate limit budgets and locks when "
                        "tasks run on several machines. Empty: each machine keeps its own, in state_dir.",
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
