"""List ids of the discontinued Contact Lists API.

HubSpot announced the end of these calls for May 2025; its reference still lists them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict, cast

from airflow_provider_mkt.client.call import Call, JsonBody, Replay, Route, query_pairs
from airflow_provider_mkt.client.hubspot.lists._parameters import RecordId
from airflow_provider_mkt.client.hubspot.lists._types import FAMILY, LEGACY_IDS_MAX, READ
from airflow_provider_mkt.client.parameters import endpoint, items


class LegacyIds(TypedDict):
    """Current ids for ids of the discontinued API."""

    legacyListIdsToIdsMapping: list[dict[str, str]]
    missingLegacyListIds: list[str]


@endpoint
def get(legacy_list_id: RecordId) -> Call[str]:
    """Read the current id of a list of the discontinued Contact Lists API.

    :param legacy_list_id: id in the discontinued API.
    :returns: the current id.
    :raises NotFound: when it does not exist.

    Source: ``GET /crm/{version}/lists/idmapping``.
    """
    return Call(
        "list_legacy_ids.get",
        Route("GET", FAMILY, "/idmapping"),
        lambda envelope: str(envelope["listId"]),
        Replay.SAFE,
        query=query_pairs(legacyListId=legacy_list_id),
        scopes=READ,
    )


@endpoint
def batch_read(legacy_list_ids: Annotated[Sequence[RecordId], items(LEGACY_IDS_MAX)]) -> Call[LegacyIds]:
    """Read the current ids of up to 10,000 lists of the discontinued Contact Lists API.

    :param legacy_list_ids: 1-10,000 ids in the discontinued API.
    :returns: the pairs of ids, and the ids without a current one.
    :raises InvalidInput: on an empty or too large batch.

    Source: ``POST /crm/{version}/lists/idmapping``.
    """
    return Call(
        "list_legacy_ids.batch_read",
        Route("POST", FAMILY, "/idmapping"),
        lambda envelope: cast("LegacyIds", envelope),
        Replay.SAFE,
        body=JsonBody(legacy_list_ids),
        scopes=READ,
    )
