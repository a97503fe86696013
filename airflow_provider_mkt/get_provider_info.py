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
    "campaign_reports": (_HUBSPOT,),
    "campaigns": _BOTH,
    "custom_object_exports": (_MARKETO,),
    "deleted_lead_exports": _BOTH,
    "deleting": _BOTH,
    "email_approval": _BOTH,
    "email_checks": _BOTH,
    "email_events": (_HUBSPOT,),
    "email_reports": _BOTH,
    "email_tests": _BOTH,
    "emails": _BOTH,
    "event_participations": (_HUBSPOT,),
    "events": (_HUBSPOT,),
    "exports": (_MARKETO,),
    "forms": (_HUBSPOT,),
    "hubspot": (_HUBSPOT,),
    "imports": _BOTH,
    "lead_intake": (_MARKETO,),
    "leads": _BOTH,
    "list_exports": _BOTH,
    "lists": _BOTH,
    "marketo": (_MARKETO,),
    "merging": _BOTH,
    "nurture": _BOTH,
    "object_exports": (_HUBSPOT,),
    "objects": _BOTH,
    "program_members": (_MARKETO,),
    "programs": (_MARKETO,),
    "sends": (_HUBSPOT,),
    "sequences": (_HUBSPOT,),
    "smart_campaigns": (_MARKETO,),
    "statistics": (_HUBSPOT,),
    "subscription_statuses": (_HUBSPOT,),
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
_LINKS = (
    "HubSpotContactLink",
    "HubSpotListLink",
    "HubSpotImportLink",
    "HubSpotEmailLink",
    "HubSpotCampaignLink",
    "HubSpotMarketingEventLink",
    "HubSpotWorkflowLink",
    "HubSpotSequenceLink",
    "MarketoProgramLink",
    "MarketoEmailLink",
    "MarketoSmartCampaignLink",
    "MarketoListLink",
    "ResultsFileLink",
    "RejectsFileLink",
    "ApprovalLink",
    "CheckedEmailLink",
)
_TRIGGERS: dict[str, tuple[str, ...]] = {
    "batch_status": _BOTH,
    "condition": _BOTH,
    "emails": _BOTH,
    "leads": _BOTH,
}


_PORT = "443, or empty; the Test button of Airflow 3.3 needs it"
"""That button sends 0 for an empty port, and the server takes that for another address."""

_SENDS: dict[str, dict[str, Any]] = {
    "allow_sends": {
        "label": "Allow sends",
        "description": "Off: every operator and call that can send mail refuses before it sends. For copies "
        "of production, and for accounts that must not mail anybody.",
        "schema": {"type": "boolean", "default": True},
    },
    "max_recipients": {
        "label": "Recipients per send",
        "description": "The most people that one send may reach, for every DAG. Empty: no limit.",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
}
"""Fields of the connections of both platforms."""


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
        "description": "Syncs, imports and exports leads and other records, creates campaigns, enrols "
        "people in nurture programs, checks, publishes and sends email, and waits for changes and jobs, on "
        "HubSpot and Marketo Engage.",
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
        "cli": ["airflow_provider_mkt.cli.definition.get_mkt_commands"],
        "extra-links": [f"airflow_provider_mkt.links.targets.{name}" for name in _LINKS],
        "asset-uris": [
            {
                "schemes": ["hubspot", "marketo"],
                "handler": "airflow_provider_mkt.lineage.assets.sanitize_uri",
                "to_openlineage_converter": (
                    "airflow_provider_mkt.lineage.assets.convert_asset_to_openlineage"
                ),
            },
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
                        "its client secret into the password field in place of the service key.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                    "api_version": {
                        "label": "API version",
                        "description": "2026-09 and 2026-03: dated paths; v3: the v3 and v4 paths, which "
                        "HubSpot supports until 2027.",
                        "schema": {
                            "type": "string",
                            "enum": ["2026-09", "2026-03", "v3"],
                            "default": "2026-09",
                        },
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
                    **_SENDS,
                },
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {
                        "host": "API host",
                        "login": "OAuth client id",
                        "password": "Service key or OAuth client secret",
                    },
                    "placeholders": {
                        "host": "empty for https://api.hubapi.com",
                        "port": _PORT,
                        "login": "empty with a service key",
                        "password": "service key, or the token of a private app that exists already",
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
                        "description": "The part of the instance's 100 to use. Adobe advises 50 for one "
                        "integration.",
                        "schema": {"type": "integer", "minimum": 1, "default": 50},
                    },
                    "max_concurrency": {
                        "label": "Concurrent calls",
                        "description": "The part of the instance's 10 to use. Adobe advises 5 for one "
                        "integration.",
                        "schema": {"type": "integer", "minimum": 1, "default": 5},
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
                    **_SENDS,
                },
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {
                        "host": "Munchkin id or REST endpoint",
                        "login": "Client id",
                        "password": "Client secret",
                    },
                    "placeholders": {
                        "host": "123-ABC-456, or https://123-ABC-456.mktorest.com",
                        "port": _PORT,
                        "login": "Admin > LaunchPoint > View Details of the custom service",
                        "password": "Admin > LaunchPoint > View Details of the custom service",
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
                        "description": "Redis or PostgreSQL server for rate limit budgets, locks and task "
                        "state when tasks run on several machines. Empty: each machine keeps its own, in "
                        "state_dir.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "sensitive": True,
                        "example": "redis://:password@redis.internal:6379/0",
                        "default": "",
                    },
                    "usage_page": {
                        "description": "Whether Airflow 3.1 or later shows the page Marketing platforms, and "
                        "tasks write down who uses an account, for it.",
                        "version_added": "0.1.0",
                        "type": "boolean",
                        "example": None,
                        "default": "True",
                    },
                    "shared_state_wait": {
                        "description": "Seconds for which tasks wait for the server of shared_state_url "
                        "while it cannot be reached, before they fail.",
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "300",
                    },
                    "allow_sends": {
                        "description": "Whether mail may be sent. False: every operator and call that can "
                        "send mail refuses before it sends, whatever the connection says.",
                        "version_added": "0.1.0",
                        "type": "boolean",
                        "example": "False",
                        "default": "True",
                    },
                    "results_path": {
                        "description": "Where files of rejected records and of warnings are written when a "
                        "task gives no path: a URL on any object storage that Airflow supports. Empty: in "
                        "state_dir, on the machine that ran the task.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "s3://aws_default@bucket/marketing",
                        "default": "",
                    },
                    "file_pages": {
                        "description": "Where a browser shows files of results and rejects, for the buttons "
                        "of tasks: a JSON object of URL scheme to an address with {bucket} and {key} in it. "
                        "Files of other schemes get no button, except those at http and https addresses.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": '{"s3": "https://console.aws.amazon.com/s3/object/{bucket}?prefix={key}"}',
                        "default": "",
                    },
                },
            },
        },
    }
