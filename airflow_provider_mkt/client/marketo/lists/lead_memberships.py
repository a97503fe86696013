"""Members of lists and programs, and memberships of leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow_provider_mkt.client.call import Call, Pairs, comma_list, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    READ_ASSETS,
    between,
    ids,
    place,
    read,
    updated,
)
from airflow_provider_mkt.client.marketo.responses import rows, rows_as
from airflow_provider_mkt.client.marketo.rows import CampaignMembership, ListMembership, ProgramMembership
from airflow_provider_mkt.client.paging import position_token


def leads_of_list(
    list_id: int | str, *, fields: Sequence[str] = (), batch_size: int = 300
) -> Call[list[dict[str, Any]]]:
    """List the leads of a static list.

    :param list_id: id of the list.
    :param fields: REST names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :raises NotFound: when the list does not exist.

    Source: ``GET /rest/v1/list/{listId}/leads.json``.
    """
    name = "lead_memberships.leads_of_list"
    return read(
        name,
        "/list/{listId}/leads.json",
        rows,
        params=place(name, "list_id", list_id, "listId"),
        query=_page(name, batch_size, fields),
        timeout=60,
        follow=position_token,
    )


def leads_of_program(
    program_id: int | str, *, fields: Sequence[str] = (), batch_size: int = 300
) -> Call[list[dict[str, Any]]]:
    """List the leads that are members of a program.

    :param program_id: id of the program.
    :param fields: REST names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :returns: leads, each with its ``membership``.
    :raises NotFound: when the program does not exist.

    Source: ``GET /rest/v1/leads/programs/{programId}.json``.
    """
    name = "lead_memberships.leads_of_program"
    return read(
        name,
        "/leads/programs/{programId}.json",
        rows,
        params=place(name, "program_id", program_id, "programId"),
        query=_page(name, batch_size, fields),
        follow=position_token,
    )


def lists(lead_id: int | str, *, batch_size: int = 300) -> Call[list[ListMembership]]:
    """List the static lists that a lead is in.

    :param lead_id: id of the lead.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/leads/{leadId}/listMembership.json``.
    """
    name = "lead_memberships.lists"
    return read(
        name,
        "/leads/{leadId}/listMembership.json",
        rows_as(ListMembership),
        params=place(name, "lead_id", lead_id, "leadId"),
        query=_page(name, batch_size),
        scopes=READ_ASSETS,
        follow=position_token,
    )


def programs(
    lead_id: int | str,
    *,
    program_ids: Sequence[int | str] = (),
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    batch_size: int = 300,
) -> Call[list[ProgramMembership]]:
    """List the programs that a lead is a member of.

    :param lead_id: id of the lead.
    :param program_ids: only these programs, at most 300.
    :param updated_after: only memberships updated at this time or later (timezone-aware).
    :param updated_before: only memberships updated at this time or earlier (timezone-aware).
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/leads/{leadId}/programMembership.json``.
    """
    name = "lead_memberships.programs"
    query = _page(name, batch_size)
    if program_ids:
        wanted = ids(name, "program_ids", program_ids)
        query += (("filterType", "programId"), ("filterValues", ",".join(str(one) for one in wanted)))
    return read(
        name,
        "/leads/{leadId}/programMembership.json",
        rows_as(ProgramMembership),
        params=place(name, "lead_id", lead_id, "leadId"),
        query=query + updated(name, updated_after, updated_before),
        scopes=READ_ASSETS,
        follow=position_token,
    )


def campaigns(
    lead_id: int | str,
    *,
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    batch_size: int = 300,
) -> Call[list[CampaignMembership]]:
    """List the smart campaigns that a lead went through.

    :param lead_id: id of the lead.
    :param updated_after: only memberships updated at this time or later (timezone-aware).
    :param updated_before: only memberships updated at this time or earlier (timezone-aware).
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/leads/{leadId}/smartCampaignMembership.json``.
    """
    name = "lead_memberships.campaigns"
    return read(
        name,
        "/leads/{leadId}/smartCampaignMembership.json",
        rows_as(CampaignMembership),
        params=place(name, "lead_id", lead_id, "leadId"),
        query=_page(name, batch_size) + updated(name, updated_after, updated_before),
        scopes=READ_ASSETS,
        follow=position_token,
    )


def _page(name: str, batch_size: int, fields: Sequence[str] = ()) -> Pairs:
    return query_pairs(
        fields=comma_list(name, "fields", fields),
        batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX),
    )
