"""Exports of records to files, which HubSpot writes in the background."""

from airflow_provider_mkt.client.hubspot.exports.exports import (
    ASSOCIATIONS_MAX,
    FORMATS,
    GROUP_MAX,
    GROUPS_MAX,
    PROPERTIES_MAX,
    Export,
    ExportTask,
    StartedExport,
    get,
    start,
    status,
)

__all__ = [
    "ASSOCIATIONS_MAX",
    "FORMATS",
    "GROUPS_MAX",
    "GROUP_MAX",
    "PROPERTIES_MAX",
    "Export",
    "ExportTask",
    "StartedExport",
    "get",
    "start",
    "status",
]
