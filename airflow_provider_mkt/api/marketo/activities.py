"""The activity log of leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow_provider_mkt.api.call import Call, Replay, Route, batch, numeric_id, query_pairs, utc
from airflow_provider_mkt.api.marketo.answers import rows
from airflow_provider_mkt.api.paging import date_token

LEADS_MAX = 30
TYPES_MAX = 10
REQUEST_CAMPAIGN = 47
_SCOPES = ("Read-Only Activity",)


def paging_token(since: datetime) -> Call[str]:
    """Get the token from which activities are read.

    :param since: an aware time; earlier activities are left out.
    :raises InvalidInput: on a time without a zone.

    Source: ``GET /rest/v1/activities/pagingtoken.json``.
    """
    name = "activities.paging_token"
    moment = utc(name, "since", since).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Call(
        name,
        Route("GET", "lead", "/activities/pagingtoken.json"),
        lambda envelope: str(envelope["nextPageToken"]),
        Replay.SAFE,
        timeout=300,
        query=query_pairs(sinceDatetime=moment),
        scopes=_SCOPES,
    )


def read(
    token: str, *, activity_type_ids: Sequence[int], lead_ids: Sequence[int] = ()
) -> Call[list[dict[str, Any]]]:
    """Page through activities. A page may be empty with more to come.

    :param token: from :func:`paging_token`.
    :param activity_type_ids: 1-10 types.
    :param lead_ids: up to 30 leads; all when none are given.

    Source: ``GET /rest/v1/activities.json``.
    """
    name = "activities.read"
    types = batch(name, "activity_type_ids", activity_type_ids, at_most=TYPES_MAX)
    leads = batch(name, "lead_ids", lead_ids, at_most=LEADS_MAX) if lead_ids else ()
    return Call(
        name,
        Route("GET", "lead", "/activities.json"),
        rows,
        Replay.SAFE,
        query=query_pairs(
            nextPageToken=token,
            activityTypeIds=",".join(str(numeric_id(name, "activity_type_ids", one)) for one in types),
            leadIds=",".join(str(numeric_id(name, "lead_ids", one)) for one in leads) or None,
        ),
        follow=date_token,
        scopes=_SCOPES,
    )
