"""Ids of lists from the discontinued Contact Lists API.

The platform announced the end of these calls for May 2025; they are still in its documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, cast

from airflow_provider_mkt.client.call import Call, JsonBody, Replay, Route, query_pairs
from airflow_provider_mkt.client.hubspot.lists._parameters import record_id, record_ids
from airflow_provider_mkt.client.hubspot.lists._types import FAMILY, LEGACY_IDS_MAX, READ


class LegacyIds(TypedDict):
    """Ids of today for ids of the discontinued API."""

    legacyListIdsToIdsMapping: list[dict[str, str]]
    missingLegacyListIds: list[str]


def get(legacy_list_id: int | str) -> Call[str]:
    """Find the id that a list of the discontinued Contact Lists API has today.

    :param legacy_list_id: its id there.
    :returns: its id here.
    :raises NotFound: when there is none.

    Source: ``GET /crm/{version}/lists/idmapping``.
    """
    name = "list_legacy_ids.get"
    return Call(
        name,
        Route("GET", FAMILY, "/idmapping"),
        lambda envelope: str(envelope["listId"]),
        Replay.SAFE,
        query=query_pairs(legacyListId=record_id(name, "legacy_list_id", legacy_list_id)),
        scopes=READ,
    )


def batch_read(legacy_list_ids: Sequence[int | str]) -> Call[LegacyIds]:
    """Find the ids that up to 10,000 lists of the discontinued Contact Lists API have today.

    :param legacy_list_ids: their ids there.
    :returns: the pairs, and the ids that have none.
    :raises InvalidInput: on an empty or too large batch.

    Source: ``POST /crm/{version}/lists/idmapping``.
    """
    name = "list_legacy_ids.batch_read"
    return Call(
        name,
        Route("POST", FAMILY, "/idmapping"),
        lambda envelope: cast("LegacyIds", envelope),
        Replay.SAFE,
        body=JsonBody(record_ids(name, "legacy_list_ids", legacy_list_ids, at_most=LEGACY_IDS_MAX)),
        scopes=READ,
    )
