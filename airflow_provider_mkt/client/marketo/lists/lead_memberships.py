"""Members of lists and programs, and memberships of leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Pairs, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    READ_ASSETS,
    BatchSize,
    read,
    updated_range,
)
from airflow_provider_mkt.client.marketo.responses import rows, rows_as
from airflow_provider_mkt.client.marketo.rows import CampaignMembership, ListMembership, ProgramMembership
from airflow_provider_mkt.client.paging import Cursor, position_token
from airflow_provider_mkt.client.parameters import Names, NumericId, UtcTime, endpoint, items_or_empty


@endpoint
def leads_of_list(
    list_id: NumericId,
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[list[JsonDict]]:
    """List the leads of a static list.

    :param list_id: id of the list.
    :param fields: REST names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.
    :raises NotFound: when the list does not exist.

    Source: ``GET /rest/v1/list/{listId}/leads.json``.
    """
    return read(
        "lead_memberships.leads_of_list",
        "/list/{listId}/leads.json",
        rows,
        params=path_params(listId=list_id),
        query=_page(batch_size, next_page_token, fields),
        timeout=60,
        follow=position_token,
    )


@endpoint
def leads_of_program(
    program_id: NumericId,
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[list[JsonDict]]:
    """List the leads that are members of a program.

    :param program_id: id of the program.
    :param fields: REST names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.
    :returns: leads, each with its ``membership``.
    :raises NotFound: when the program does not exist.

    Source: ``GET /rest/v1/leads/programs/{programId}.json``.
    """
    return read(
        "lead_memberships.leads_of_program",
        "/leads/programs/{programId}.json",
        rows,
        params=path_params(programId=program_id),
        query=_page(batch_size, next_page_token, fields),
        follow=position_token,
    )


@endpoint
def lists(
    lead_id: NumericId, *, batch_size: BatchSize = 300, next_page_token: Cursor | None = None
) -> Call[list[ListMembership]]:
    """List the static lists that a lead is in.

    :param lead_id: id of the lead.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/leads/{leadId}/listMembership.json``.
    """
    return read(
        "lead_memberships.lists",
        "/leads/{leadId}/listMembership.json",
        rows_as(ListMembership),
        params=path_params(leadId=lead_id),
        query=_page(batch_size, next_page_token),
        scopes=READ_ASSETS,
        follow=position_token,
    )


@endpoint
def programs(
    lead_id: NumericId,
    *,
    program_ids: Annotated[Sequence[NumericId], items_or_empty(BATCH_MAX)] = (),
    updated_after: UtcTime | None = None,
    updated_before: UtcTime | None = None,
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[list[ProgramMembership]]:
    """List the programs that a lead is a member of.

    :param lead_id: id of the lead.
    :param program_ids: only these programs, at most 300.
    :param updated_after: only memberships updated at this time or later (timezone-aware).
    :param updated_before: only memberships updated at this time or earlier (timezone-aware).
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/leads/{leadId}/programMembership.json``.
    """
    query = _page(batch_size, next_page_token)
    if program_ids:
        query += query_pairs(filterType="programId", filterValues=comma_joined(program_ids))
    return read(
        "lead_memberships.programs",
        "/leads/{leadId}/programMembership.json",
        rows_as(ProgramMembership),
        params=path_params(leadId=lead_id),
        query=query + updated_range(updated_after, updated_before),
        scopes=READ_ASSETS,
        follow=position_token,
    )


@endpoint
def campaigns(
    lead_id: NumericId,
    *,
    updated_after: UtcTime | None = None,
    updated_before: UtcTime | None = None,
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[list[CampaignMembership]]:
    """List the smart campaigns that a lead went through.

    :param lead_id: id of the lead.
    :param updated_after: only memberships updated at this time or later (timezone-aware).
    :param updated_before: only memberships updated at this time or earlier (timezone-aware).
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/leads/{leadId}/smartCampaignMembership.json``.
    """
    return read(
        "lead_memberships.campaigns",
        "/leads/{leadId}/smartCampaignMembership.json",
        rows_as(CampaignMembership),
        params=path_params(leadId=lead_id),
        query=_page(batch_size, next_page_token) + updated_range(updated_after, updated_before),
        scopes=READ_ASSETS,
        follow=position_token,
    )


def _page(batch_size: int, next_page_token: object, fields: Sequence[str] = ()) -> Pairs:
    return query_pairs(fields=comma_joined(fields), batchSize=batch_size, nextPageToken=next_page_token)
