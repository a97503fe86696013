"""Activities of leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from airflow_provider_mkt.client.call import (
    Call,
    Pairs,
    Replay,
    batch,
    comma_list,
    numeric_id,
    query_pairs,
    utc,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo import requests as building
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX, between, fitting, ids, records, time_of
from airflow_provider_mkt.client.marketo.responses import RowResult, results_of, rows_as
from airflow_provider_mkt.client.marketo.rows import Activity, ActivityType
from airflow_provider_mkt.client.paging import date_token

LEADS_MAX = 30
TYPES_MAX = 10
NEW_LEAD = 12
DELETE_LEAD = 37
REQUEST_CAMPAIGN = 47
_SCOPES = ("Read-Only Activity",)
_TOKEN_MAX = 10_000
_ROW = ("leadId", "activityDate", "activityTypeId", "primaryAttributeValue")


def types() -> Call[list[ActivityType]]:
    """List the activity types, with their attributes.

    Source: ``GET /rest/v1/activities/types.json``.
    """
    return building.read("activities.types", "/activities/types.json", rows_as(ActivityType), scopes=_SCOPES)


def paging_token(since: datetime) -> Call[str]:
    """Get the paging token from which to read activities.

    :param since: start time (timezone-aware); earlier activities are skipped.
    :raises InvalidInput: on a time without a zone.

    Source: ``GET /rest/v1/activities/pagingtoken.json``.
    """
    name = "activities.paging_token"
    return building.read(
        name,
        "/activities/pagingtoken.json",
        lambda envelope: str(envelope["nextPageToken"]),
        query=query_pairs(sinceDatetime=time_of(name, "since", since)),
        timeout=300,
        scopes=_SCOPES,
    )


def read(
    token: str,
    *,
    activity_type_ids: Sequence[int],
    lead_ids: Sequence[int] = (),
    list_id: int | str | None = None,
    asset_ids: Sequence[int] = (),
    batch_size: int = 300,
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
    name = "activities.read"
    types = batch(name, "activity_type_ids", activity_type_ids, at_most=TYPES_MAX)
    kinds = [numeric_id(name, "activity_type_ids", one) for one in types]
    if DELETE_LEAD in kinds:
        raise InvalidInput("activity_type_ids", "cannot contain 37; use activities.deleted_leads", call=name)
    if asset_ids and len(kinds) != 1:
        raise InvalidInput("asset_ids", "need exactly one activity type", call=name)
    query = query_pairs(
        nextPageToken=building.text(name, "token", token, at_most=_TOKEN_MAX),
        activityTypeIds=",".join(str(one) for one in kinds),
    )
    query += _people(name, lead_ids, list_id)
    query += query_pairs(
        assetIds=",".join(str(one) for one in ids(name, "asset_ids", asset_ids)) if asset_ids else None,
        batchSize=_size(name, batch_size),
    )
    return building.read(
        name, "/activities.json", rows_as(Activity), query=query, scopes=_SCOPES, follow=date_token
    )


def lead_changes(
    token: str,
    *,
    fields: Sequence[str],
    lead_ids: Sequence[int] = (),
    list_id: int | str | None = None,
    batch_size: int = 300,
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
    name = "activities.lead_changes"
    wanted = comma_list(name, "fields", fields)
    if wanted is None:
        raise InvalidInput("fields", "is empty: at least one field is required", call=name)
    query = query_pairs(nextPageToken=building.text(name, "token", token, at_most=_TOKEN_MAX), fields=wanted)
    query += _people(name, lead_ids, list_id) + query_pairs(batchSize=_size(name, batch_size))
    return building.read(
        name,
        "/activities/leadchanges.json",
        rows_as(Activity),
        query=query,
        scopes=_SCOPES,
        follow=date_token,
    )


def deleted_leads(token: str, *, batch_size: int = 300) -> Call[list[Activity]]:
    """List deleted leads. Marketo may keep these activities for only 14 days.

    :param token: from :func:`paging_token`.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/activities/deletedleads.json``.
    """
    name = "activities.deleted_leads"
    return building.read(
        name,
        "/activities/deletedleads.json",
        rows_as(Activity),
        query=query_pairs(
            nextPageToken=building.text(name, "token", token, at_most=_TOKEN_MAX),
            batchSize=_size(name, batch_size),
        ),
        scopes=_SCOPES,
        follow=date_token,
    )


def add_custom(activities: Sequence[Mapping[str, Any]]) -> Call[list[RowResult]]:
    """Add up to 300 custom activities. They cannot be changed or deleted.

    Each call adds them again, so it is never retried automatically.

    :param activities: 1-300 mappings of ``leadId``, ``activityDate`` (a timezone-aware time, or ISO 8601 text
        with a time zone), ``activityTypeId`` of an approved custom type, ``primaryAttributeValue`` and
        ``attributes`` (a list of ``name`` or ``apiName`` with ``value``).
    :returns: one row per activity, in the same order: ``added`` with its ``marketoGUID``, or ``skipped``.

    Source: ``POST /rest/v1/activities/external.json``.
    """
    name = "activities.add_custom"
    input_ = []
    for index, row in enumerate(records(name, "activities", activities, needs=_ROW)):
        where = f"activities[{index}]"
        numeric_id(name, f"{where}.leadId", row["leadId"])
        numeric_id(name, f"{where}.activityTypeId", row["activityTypeId"])
        if isinstance(row["activityDate"], datetime):
            moment = utc(name, f"{where}.activityDate", row["activityDate"])
            row["activityDate"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        row.setdefault("attributes", [])
        input_.append(row)
    return building.write(
        name,
        "/activities/external.json",
        results_of(len(input_)),
        Replay.NEVER,
        body=fitting(name, "activities", {"input": input_}),
        timeout=90,
        scopes=("Read-Write Activity",),
    )


def _size(name: str, batch_size: int) -> int | None:
    size = between(name, "batch_size", batch_size, 1, BATCH_MAX)
    return None if size == BATCH_MAX else size


def _people(name: str, lead_ids: Sequence[int], list_id: int | str | None) -> Pairs:
    leads = ids(name, "lead_ids", lead_ids, at_most=LEADS_MAX) if lead_ids else ()
    return query_pairs(
        leadIds=",".join(str(one) for one in leads) or None,
        listId=None if list_id is None else numeric_id(name, "list_id", list_id),
    )
