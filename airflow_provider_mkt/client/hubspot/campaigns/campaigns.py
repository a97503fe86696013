"""Campaigns: groups of marketing assets that HubSpot reports on together."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Replay,
    Route,
    comma_joined,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import BatchResult, as_inputs, nothing, read_batch_of
from airflow_provider_mkt.client.hubspot.parameters import (
    Changes,
    Day,
    PageSize,
    Properties,
    day_range,
    required_properties,
    text_properties,
)
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import Names, Text, endpoint, items, required_str
from airflow_provider_mkt.client.redaction import describe_type

BATCH_MAX = 50
PAGE_MAX = 100
_READ = ("marketing.campaigns.read",)
_WRITE = ("marketing.campaigns.write",)

SORTS = frozenset(("hs_name", "createdAt", "updatedAt"))


class BusinessUnit(TypedDict):
    id: int


class Campaign(TypedDict):
    id: str
    properties: dict[str, str]
    createdAt: str
    updatedAt: str
    businessUnits: NotRequired[builtins.list[BusinessUnit]]
    assets: NotRequired[JsonDict]


@endpoint
def list(
    *,
    name: str | None = None,
    properties: Names = (),
    sort: Text | None = None,
    limit: PageSize = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[builtins.list[Campaign]]:
    """List campaigns.

    :param name: part of the name; HubSpot matches substrings.
    :param properties: properties to return; none when empty.
    :param sort: ``hs_name``, ``createdAt`` or ``updatedAt``; a leading ``-`` sorts in descending order.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of campaigns; iterate the call for all pages.
    :raises InvalidInput: when *sort* is unknown, or *limit* is out of range.

    Source: ``GET /marketing/{version}/campaigns``.
    """
    if sort is not None and sort.removeprefix("-") not in SORTS:
        raise InvalidInput("sort", f"must be one of {', '.join(sorted(SORTS))}")
    return Call(
        "campaigns.list",
        Route("GET", "campaigns"),
        _rows,
        Replay.SAFE,
        query=query_pairs(
            after=after, name=name, properties=comma_joined(properties), sort=sort, limit=limit
        ),
        follow=after_cursor,
        scopes=_READ,
    )


@endpoint
def get(
    campaign_guid: str, *, properties: Names = (), start_date: Day | None = None, end_date: Day | None = None
) -> Call[Campaign]:
    """Read a campaign, with the first page of its assets of each type.

    :param campaign_guid: id of the campaign.
    :param properties: properties to return.
    :param start_date: first day of the assets' metrics, which are returned only when both days are given.
    :param end_date: last day of the metrics.
    :raises NotFound: when it does not exist.
    :raises InvalidInput: when only one of the two days is given, or one is not a date.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}``.
    """
    wanted = query_pairs(properties=comma_joined(properties))
    return Call(
        "campaigns.get",
        _route("GET", campaign_guid),
        _campaign,
        Replay.SAFE,
        query=(*wanted, *day_range(start_date, end_date, for_metrics=True)),
        scopes=_READ,
    )


@endpoint
def create(properties: Properties) -> Call[Campaign]:
    """Create a campaign.

    Names are not unique in HubSpot, so a retry can create a duplicate.

    :param properties: property names and values, all text; ``hs_name`` is required.
    :returns: the campaign, with the given properties.
    :raises InvalidInput: when ``hs_name`` is missing, or a value is not text.
    :raises InvalidRequest: when a property is unknown or read-only.

    Source: ``POST /marketing/{version}/campaigns``.
    """
    return Call(
        "campaigns.create",
        Route("POST", "campaigns"),
        _campaign,
        Replay.VERIFY,
        body=JsonBody({"properties": _with_name("properties", properties)}),
        scopes=_WRITE,
    )


@endpoint
def update(campaign_guid: str, properties: Changes) -> Call[Campaign]:
    """Update a campaign.

    :param campaign_guid: id of the campaign.
    :param properties: properties to change, all text; an empty value clears a property.
    :returns: the campaign, with the given properties.
    :raises InvalidInput: when *properties* is empty, or a value is not text.
    :raises InvalidRequest: when a property is unknown or read-only.
    :raises NotFound: when the campaign does not exist.

    Source: ``PATCH /marketing/{version}/campaigns/{campaignGuid}``.
    """
    return Call(
        "campaigns.update",
        _route("PATCH", campaign_guid),
        _campaign,
        Replay.SAFE,
        body=JsonBody({"properties": properties}),
        scopes=_WRITE,
    )


@endpoint
def delete(campaign_guid: str) -> Call[None]:
    """Delete a campaign. HubSpot does not report whether it existed.

    :param campaign_guid: id of the campaign.

    Source: ``DELETE /marketing/{version}/campaigns/{campaignGuid}``.
    """
    return Call("campaigns.delete", _route("DELETE", campaign_guid), nothing, Replay.SAFE, scopes=_WRITE)


@endpoint
def create_batch(campaigns: Annotated[Sequence[Properties], items(BATCH_MAX)]) -> Call[BatchResult]:
    """Create up to 50 campaigns.

    Names are not unique in HubSpot, so a retry can create duplicates.

    :param campaigns: 1-50 mappings of properties; ``hs_name`` is required.
    :returns: the created records in any order, and the errors.
    :raises InvalidInput: on an empty or too large batch, or a campaign without ``hs_name``.

    Source: ``POST /marketing/{version}/campaigns/batch/create``.
    """
    inputs: builtins.list[dict[str, Json]] = [
        {"properties": _with_name(f"campaigns[{index}]", properties)}
        for index, properties in enumerate(campaigns)
    ]
    return Call(
        "campaigns.create_batch",
        Route("POST", "campaigns", "/batch/create"),
        read_batch_of(inputs),
        Replay.VERIFY,
        body=JsonBody(as_inputs(inputs)),
        scopes=_WRITE,
    )


@endpoint
def update_batch(campaigns: Annotated[Sequence[Properties], items(BATCH_MAX)]) -> Call[BatchResult]:
    """Update up to 50 campaigns.

    :param campaigns: 1-50 mappings of ``id`` and the properties to change, all text; an empty value clears a
        property.
    :returns: the updated records in any order, and the errors.
    :raises InvalidInput: on an empty or too large batch, a campaign without ``id`` or given twice, or one
        without changes.

    Source: ``POST /marketing/{version}/campaigns/batch/update``.
    """
    inputs: builtins.list[dict[str, Json]] = []
    seen: set[str] = set()
    for index, campaign in enumerate(campaigns):
        where = f"campaigns[{index}]"
        if not isinstance(campaign, Mapping):
            raise InvalidInput(where, f"must be a mapping of properties, not {describe_type(campaign)}")
        guid = required_str(f"{where}.id", campaign.get("id", ""))
        if guid.lower() in seen:
            # HubSpot does not document which of the two changes wins.
            raise InvalidInput(f"{where}.id", "is in the batch twice")
        seen.add(guid.lower())
        properties = {name: value for name, value in campaign.items() if name != "id"}
        inputs.append({"id": guid, "properties": required_properties(where, properties)})
    return Call(
        "campaigns.update_batch",
        Route("POST", "campaigns", "/batch/update"),
        read_batch_of(inputs),
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=_WRITE,
    )


@endpoint
def archive_batch(campaign_guids: Annotated[Sequence[Text], items(BATCH_MAX)]) -> Call[None]:
    """Delete up to 50 campaigns. HubSpot reports neither which existed nor which it could not delete.

    :param campaign_guids: 1-50 campaign ids.
    :raises InvalidInput: on an empty or too large batch, or an invalid id.

    Source: ``POST /marketing/{version}/campaigns/batch/archive``.
    """
    return Call(
        "campaigns.archive_batch",
        Route("POST", "campaigns", "/batch/archive"),
        nothing,
        Replay.SAFE,
        body=JsonBody(as_inputs([{"id": guid} for guid in campaign_guids])),
        scopes=_WRITE,
    )


@endpoint
def batch_read(
    campaign_guids: Annotated[Sequence[Text], items(BATCH_MAX)],
    *,
    properties: Names = (),
    start_date: Day | None = None,
    end_date: Day | None = None,
) -> Call[BatchResult]:
    """Read up to 50 campaigns by id, each with the first page of its assets of each type.

    :param campaign_guids: 1-50 campaign ids; duplicates are returned once.
    :param properties: properties to return.
    :param start_date: first day of the assets' metrics, which are returned only when both days are given.
    :param end_date: last day of the metrics.
    :returns: the flows or records that exist, and errors for the others.
    :raises InvalidInput: on an empty or too large batch, or when only one of the two days is given.

    Source: ``POST /marketing/{version}/campaigns/batch/read``.
    """
    wanted = query_pairs(properties=comma_joined(properties))
    inputs: builtins.list[dict[str, Json]] = [{"id": guid} for guid in campaign_guids]
    return Call(
        "campaigns.batch_read",
        Route("POST", "campaigns", "/batch/read"),
        read_batch_of(inputs),
        Replay.SAFE,
        query=(*wanted, *day_range(start_date, end_date, for_metrics=True)),
        body=JsonBody(as_inputs(inputs)),
        scopes=_READ,
    )


def _route(method: str, campaign_guid: str) -> Route:
    return Route(method, "campaigns", "/{campaignGuid}", path_params(campaignGuid=campaign_guid))


def _with_name(field: str, properties: Properties) -> dict[str, str]:
    checked = text_properties(field, properties)
    if not checked.get("hs_name", "").strip():
        raise InvalidInput(f"{field}.hs_name", "is missing or empty: a campaign requires a name")
    return checked


def _campaign(envelope: Envelope) -> Campaign:
    return cast("Campaign", envelope)


def _rows(envelope: Envelope) -> builtins.list[Campaign]:
    return cast("builtins.list[Campaign]", envelope["results"])
