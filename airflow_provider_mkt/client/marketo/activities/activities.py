"""Activities of leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Envelope, Replay, comma_joined, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo import requests as building
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    BatchSize,
    records,
    time_text,
    within_body_limit,
)
from airflow_provider_mkt.client.marketo.responses import RowResult, results_of, rows_as
from airflow_provider_mkt.client.marketo.rows import Activity, ActivityType
from airflow_provider_mkt.client.marketo.values import run_id
from airflow_provider_mkt.client.paging import date_token
from airflow_provider_mkt.client.parameters import (
    Names,
    NumericId,
    UtcTime,
    endpoint,
    items,
    items_or_empty,
    text,
    to_id,
    to_utc,
)

LEADS_MAX = 30
TYPES_MAX = 10
NEW_LEAD = 12
DELETE_LEAD = 37
REQUEST_CAMPAIGN = 47
_SCOPES = ("Read-Only Activity",)
_TOKEN_MAX = 10_000

_RUN_ID = ("Campaign Run ID", "campaignRunId")


def _activities(envelope: Envelope) -> list[Activity]:
    """Read activities, with the run id of a campaign as a number.

    Before August 2026 it could be a doubly quoted string, as in the files of earlier exports.
    """
    found = rows_as(Activity)(envelope)
    for activity in found:
        for attribute in activity.get("attributes") or ():
            if attribute.get("name") in _RUN_ID and "value" in attribute:
                attribute["value"] = run_id(attribute["value"])
    return found


PagingToken = Annotated[str, text(_TOKEN_MAX)]
LeadFilter = Annotated[Sequence[NumericId], items_or_empty(LEADS_MAX)]
_REQUIRED = ("leadId", "activityDate", "activityTypeId", "primaryAttributeValue")


@endpoint
def types() -> Call[list[ActivityType]]:
    """List the activity types, with their attributes.

    Source: ``GET /rest/v1/activities/types.json``.
    """
    return building.read("activities.types", "/activities/types.json", rows_as(ActivityType), scopes=_SCOPES)


@endpoint
def paging_token(since: UtcTime) -> Call[str]:
    """Get the paging token from which to read activities.

    :param since: start time (timezone-aware); earlier activities are skipped.
    :raises InvalidInput: on a time without a zone.

    Source: ``GET /rest/v1/activities/pagingtoken.json``.
    """
    return building.read(
        "activities.paging_token",
        "/activities/pagingtoken.json",
        lambda envelope: str(envelope["nextPageToken"]),
        query=query_pairs(sinceDatetime=time_text(since)),
        timeout=300,
        scopes=_SCOPES,
    )


@endpoint
def read(
    token: PagingToken,
    *,
    activity_type_ids: Annotated[Sequence[NumericId], items(TYPES_MAX)],
    lead_ids: LeadFilter = (),
    list_id: NumericId | None = None,
    asset_ids: Annotated[Sequence[NumericId], items_or_empty(BATCH_MAX)] = (),
    batch_size: BatchSize = 300,
) -> Call[list[Activity]]:
    """List activities. A page can be empty although more pages follow.

    Marketo can log an activity after later ones. An incremental read should start two hours before the end of
    the previous one, and deduplicate by ``marketoGUID``.

    :param token: from :func:`paging_token`.
    :param activity_type_ids: 1-10 activity type ids; use :func:`deleted_leads` for deleted leads.
    :param lead_ids: only these leads, at most 30; all leads when empty.
    :param list_id: only members of this static list, which must have fewer than 10,000.
    :param asset_ids: only activities about these assets; needs exactly one activity type.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/activities.json``.
    """
    if DELETE_LEAD in activity_type_ids:
        raise InvalidInput("activity_type_ids", "cannot contain 37; use activities.deleted_leads")
    if asset_ids and len(activity_type_ids) != 1:
        raise InvalidInput("asset_ids", "need exactly one activity type")
    query = query_pairs(
        nextPageToken=token,
        activityTypeIds=comma_joined(activity_type_ids),
        leadIds=comma_joined(lead_ids),
        listId=list_id,
        assetIds=comma_joined(asset_ids),
        batchSize=_unless_default(batch_size),
    )
    return building.read(
        "activities.read",
        "/activities.json",
        _activities,
        query=query,
        scopes=_SCOPES,
        follow=date_token,
    )


@endpoint
def lead_changes(
    token: PagingToken,
    *,
    fields: Names,
    lead_ids: LeadFilter = (),
    list_id: NumericId | None = None,
    batch_size: BatchSize = 300,
) -> Call[list[Activity]]:
    """List new leads and changes of field values. A page can be empty although more pages follow.

    :param token: from :func:`paging_token`.
    :param fields: REST names of the fields whose changes to return, at least one.
    :param lead_ids: only these leads, at most 30; all leads when empty.
    :param list_id: only members of this static list, which must have fewer than 10,000.
    :param batch_size: rows per page, 1-300.
    :returns: activities with ``fields``: name, ``oldValue`` and ``newValue``.

    Source: ``GET /rest/v1/activities/leadchanges.json``.
    """
    if not fields:
        raise InvalidInput("fields", "is empty: at least one field is required")
    query = query_pairs(
        nextPageToken=token,
        fields=comma_joined(fields),
        leadIds=comma_joined(lead_ids),
        listId=list_id,
        batchSize=_unless_default(batch_size),
    )
    return building.read(
        "activities.lead_changes",
        "/activities/leadchanges.json",
        _activities,
        query=query,
        scopes=_SCOPES,
        follow=date_token,
    )


@endpoint
def deleted_leads(token: PagingToken, *, batch_size: BatchSize = 300) -> Call[list[Activity]]:
    """List deleted leads. Marketo may keep these activities for only 14 days.

    :param token: from :func:`paging_token`.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/activities/deletedleads.json``.
    """
    return building.read(
        "activities.deleted_leads",
        "/activities/deletedleads.json",
        rows_as(Activity),
        query=query_pairs(nextPageToken=token, batchSize=_unless_default(batch_size)),
        scopes=_SCOPES,
        follow=date_token,
    )


@endpoint
def add_custom(activities: Sequence[Mapping[str, object]]) -> Call[list[RowResult]]:
    """Add up to 300 custom activities. They cannot be changed or deleted.

    Each call adds them again, so it is never retried automatically.

    :param activities: 1-300 mappings of ``leadId``, ``activityDate`` (a timezone-aware time, or ISO 8601 text
        with a time zone), ``activityTypeId`` of an approved custom type, ``primaryAttributeValue`` and
        ``attributes`` (a list of ``name`` or ``apiName`` with ``value``).
    :returns: one row per activity, in the same order: ``added`` with its ``marketoGUID``, or ``skipped``.

    Source: ``POST /rest/v1/activities/external.json``.
    """
    rows = records("activities", activities, required=_REQUIRED)
    for index, row in enumerate(rows):
        to_id(f"activities[{index}].leadId", row["leadId"])
        to_id(f"activities[{index}].activityTypeId", row["activityTypeId"])
        if isinstance(row["activityDate"], datetime):
            row["activityDate"] = time_text(to_utc(f"activities[{index}].activityDate", row["activityDate"]))
        row.setdefault("attributes", [])
    return building.write(
        "activities.add_custom",
        "/activities/external.json",
        results_of(len(rows)),
        Replay.NEVER,
        body=within_body_limit("activities", {"input": rows}),
        timeout=90,
        scopes=("Read-Write Activity",),
    )


def _unless_default(batch_size: int) -> int | None:
    return None if batch_size == BATCH_MAX else batch_size
