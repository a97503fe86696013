"""Which reads of Marketo's waits become one call. Imports cannot be listed, so each is read alone."""

from __future__ import annotations

from typing import Any, get_args

from airflow_provider_mkt.actions.batch_reads import BatchRead, id_in_path, only_row, rows_in_pages, rows_of
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.emails import emails
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.exports._parameters import PATHS, Kind
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns

_LONGEST = 10_000
"""Ids that one walk through a list may look for."""

_PROGRAMS_MAX = 100
"""Ids in one filter. Marketo documents no limit for programs; other filters take 300 values."""


def _result(row: JsonDict) -> JsonDict:
    return {"success": True, "result": [row]}


PROGRAMS = BatchRead(
    "programs.get",
    id_in_path,
    lambda call, ids: rows_of(programs.list(filter_type="id", filter_values=ids), "result"),
    only_row(_result),
    _PROGRAMS_MAX,
)

DRAFTS = BatchRead(
    "emails.get",
    # An email that waits for its approval has a draft. Most have no approved version, and a list does not say
    # so for certain.
    lambda call: id_in_path(call) if call.query == (("status", "draft"),) else None,
    lambda call, ids: rows_in_pages(emails.list(status="draft"), ids, "result"),
    only_row(_result),
    _LONGEST,
)

SMART_CAMPAIGNS = BatchRead(
    "campaigns.get",
    id_in_path,
    lambda call, ids: rows_in_pages(campaigns.list(), ids, "result"),
    only_row(_result),
    _LONGEST,
)


def exports(kind: Kind) -> BatchRead:
    """Return how the jobs of one kind are read together; those of custom objects by type."""

    def api_name(call: Call[Any]) -> str | None:
        return dict(call.route.params).get("apiName")

    return BatchRead(
        "bulk_extracts.status",
        lambda call: id_in_path(call) if call.route.tail.startswith(f"{PATHS[kind]}/") else None,
        lambda call, ids: rows_in_pages(
            bulk_extracts.list_jobs(kind, api_name=api_name(call)), ids, "result", "exportId"
        ),
        only_row(_result),
        _LONGEST,
        lambda call: (kind, api_name(call)),
    )


EXPORTS = {kind: exports(kind) for kind in get_args(Kind)}
