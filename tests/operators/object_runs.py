"""HubSpot object types whose records have a key of one's own."""

from __future__ import annotations

from airflow_provider_mkt.sandbox import Sandbox

KEY = "warehouse_id"


def add_keys(sandbox: Sandbox) -> None:
    """Add a custom object ``machine``, and a property with unique values to each object type."""
    objects = sandbox.hubspot.state.objects
    objects.add_custom(
        {
            "name": "machine",
            "labels": {"singular": "Machine", "plural": "Machines"},
            "requiredProperties": [],
            "createdAt": "2025-01-06T09:00:00.000Z",
            "updatedAt": "2025-01-06T09:00:00.000Z",
        },
        [],
    )
    for kind in objects:
        kind.properties.put(
            {
                "name": KEY,
                "label": "Warehouse id",
                "type": "string",
                "fieldType": "text",
                "groupName": kind.properties.default_group,
                "hasUniqueValue": True,
            }
        )
