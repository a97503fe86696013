"""Campaigns: the containers that HubSpot reports marketing work under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

from airflow_provider_mkt.api.call import (
    Call,
    Envelope,
    JsonBody,
    Replay,
    Route,
    batch,
    comma_list,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.hubspot.batch import BatchResult, as_inputs, read_batch
from airflow_provider_mkt.api.paging import after_cursor
from airflow_provider_mkt.api.redact import shape

BATCH_MAX = 50
PAGE_MAX = 100
_READ = ("marketing.campaigns.read",)
_WRITE = ("marketing.campaigns.write",)

Properties = Mapping[str, str]


class Campaign(TypedDict):
    id: str
    properties: dict[str, str]
    createdAt: str
    updatedAt: str


def search(
    *,
    name: str | None = None,
    properties: Sequence[str] = (),
    sort: str | None = None,
    limit: int = PAGE_MAX,
) -> Call[list[Campaign]]:
    """Page through campaigns.

    :param name: part of the name; the platform matches substrings.
    :param properties: properties to return; none are returned otherwise.
    :param sort: ``hs_name``, ``createdAt`` or ``updatedAt``; a leading ``-`` turns it round.
    :param limit: rows per page, 1-100.
    :returns: one page of campaigns; iterate the call for all.

    Source: ``GET /marketing/{version}/campaigns``.
    """
    call = "campaigns.search"
    wanted = comma_list(call, "properties", properties)
    query = query_pairs(name=name, properties=wanted, sort=sort, limit=limit)
    return Call(
        call,
        Route("GET", "campaigns"),
        _rows,
        Replay.SAFE,
        query=query,
        follow=after_cursor,
        scopes=_READ,
    )


def get(campaign_guid: str, *, properties: Sequence[str] = ()) -> Call[Campaign]:
    """Read one campaign.

    :param campaign_guid: its ``campaignGuid``.
    :param properties: properties to return.
    :raises NotFound: when there is none.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}``.
    """
    name = "campaigns.get"
    return Call(
        name,
        Route("GET", "campaigns", "/{campaignGuid}", path_params(name, campaignGuid=campaign_guid)),
        lambda envelope: cast("Campaign", envelope),
        Replay.SAFE,
        query=query_pairs(properties=comma_list(name, "properties", properties)),
        scopes=_READ,
    )


def create_batch(campaigns: Sequence[Properties]) -> Call[BatchResult]:
    """Create up to 50 campaigns.

    Names are not unique to the platform, so a blind repeat creates them again.

    :param campaigns: one mapping of properties each; ``hs_name`` is needed.
    :returns: the created ones in any order, and the failures.
    :raises InvalidInput: on an empty or too large batch, or a campaign without a name.

    Source: ``POST /marketing/{version}/campaigns/batch/create``.
    """
    call = "campaigns.create_batch"
    inputs = [
        {"properties": _named(call, index, properties)}
        for index, properties in enumerate(batch(call, "campaigns", campaigns, at_most=BATCH_MAX))
    ]
    return Call(
        call,
        Route("POST", "campaigns", "/batch/create"),
        read_batch,
        Replay.VERIFY,
        body=JsonBody(as_inputs(inputs)),
        scopes=_WRITE,
    )


def read_many(campaign_guids: Sequence[str], *, properties: Sequence[str] = ()) -> Call[BatchResult]:
    """Read up to 50 campaigns by id.

    :param campaign_guids: ids; duplicates are answered once.
    :param properties: properties to return.
    :returns: the ones that exist; the others are among the errors.

    Source: ``POST /marketing/{version}/campaigns/batch/read``.
    """
    call = "campaigns.read_many"
    inputs = [{"id": guid} for guid in batch(call, "campaign_guids", campaign_guids, at_most=BATCH_MAX)]
    return Call(
        call,
        Route("POST", "campaigns", "/batch/read"),
        read_batch,
        Replay.SAFE,
        query=query_pairs(properties=comma_list(call, "properties", properties)),
        body=JsonBody(as_inputs(inputs)),
        scopes=_READ,
    )


def _named(call: str, index: int, properties: Properties) -> dict[str, str]:
    where = f"campaigns[{index}]"
    if not isinstance(properties, Mapping):
        raise InvalidInput(where, f"must be a mapping of properties, not {shape(properties)}", call=call)
    for name, value in properties.items():
        if not isinstance(value, str):
            raise InvalidInput(f"{where}.{name}", f"must be text, not {shape(value)}", call=call)
    if not properties.get("hs_name", "").strip():
        raise InvalidInput(f"{where}.hs_name", "is missing or empty: a campaign needs a name", call=call)
    return dict(properties)


def _rows(envelope: Envelope) -> list[Campaign]:
    return cast("list[Campaign]", envelope["results"])
