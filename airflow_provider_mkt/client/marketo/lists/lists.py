"""Static lists and their members, in the lead database API."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Replay, Route, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX, WRITE_LEAD, BatchSize, Ids, read
from airflow_provider_mkt.client.marketo.responses import RowResult, only_row_as, results_of, rows, rows_as
from airflow_provider_mkt.client.marketo.rows import ListRow
from airflow_provider_mkt.client.paging import Cursor, position_token
from airflow_provider_mkt.client.parameters import Names, NumericId, endpoint, items_or_empty


@endpoint
def list(
    *,
    list_ids: Annotated[Sequence[NumericId], items_or_empty(BATCH_MAX)] = (),
    names: Names = (),
    program_names: Names = (),
    workspace_names: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[ListRow]]:
    """List static lists.

    :param list_ids: only these lists, at most 300.
    :param names: only those with one of these names; names with a comma are not supported.
    :param program_names: only those of these programs, by name.
    :param workspace_names: only those of these workspaces, by name.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/lists.json``.
    """
    return read(
        "lists.list",
        "/lists.json",
        rows_as(ListRow),
        query=query_pairs(
            nextPageToken=next_page_token,
            id=list_ids or None,
            name=comma_joined(names),
            programName=comma_joined(program_names),
            workspaceName=comma_joined(workspace_names),
            batchSize=batch_size,
        ),
        follow=position_token,
    )


@endpoint
def get(list_id: NumericId) -> Call[ListRow]:
    """Read a static list.

    :param list_id: id of the list.
    :raises NotFound: when it does not exist.

    Source: ``GET /rest/v1/lists/{listId}.json``.
    """
    return read("lists.get", "/lists/{listId}.json", only_row_as(ListRow), params=path_params(listId=list_id))


@endpoint
def leads(
    list_id: NumericId,
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[JsonDict]]:
    """List the leads of a static list, by the path that returns ``moreResult``.

    :param list_id: id of the list.
    :param fields: REST names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.
    :raises NotFound: when the list does not exist.

    Source: ``GET /rest/v1/lists/{listId}/leads.json``.
    """
    return read(
        "lists.leads",
        "/lists/{listId}/leads.json",
        rows,
        params=path_params(listId=list_id),
        query=query_pairs(nextPageToken=next_page_token, fields=comma_joined(fields), batchSize=batch_size),
        timeout=60,
        follow=position_token,
    )


@endpoint
def add(list_id: NumericId, lead_ids: Ids) -> Call[builtins.list[RowResult]]:
    """Add up to 300 leads to a static list. This triggers campaigns with the trigger "Added to List".

    :param list_id: id of the list.
    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``added``, or ``skipped`` with code 1004.
    :raises NotFound: when the list does not exist.

    Source: ``POST /rest/v1/lists/{listId}/leads.json``.
    """
    return _change_or_read_members("lists.add", "POST", "/lists/{listId}/leads.json", list_id, lead_ids)


@endpoint
def remove(list_id: NumericId, lead_ids: Ids) -> Call[builtins.list[RowResult]]:
    """Remove up to 300 leads from a static list.

    :param list_id: id of the list.
    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``removed``, or ``skipped`` with code 1004 (lead
        does not exist) or 1015 (not in the list). After an ambiguous failure and a retry, leads that were
        already removed are reported as ``skipped``.
    :raises NotFound: when the list does not exist.

    Source: ``DELETE /rest/v1/lists/{listId}/leads.json``.
    """
    return _change_or_read_members("lists.remove", "DELETE", "/lists/{listId}/leads.json", list_id, lead_ids)


@endpoint
def are_members(list_id: NumericId, lead_ids: Ids) -> Call[builtins.list[RowResult]]:
    """Read which of up to 300 leads are in a static list.

    :param list_id: id of the list.
    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``memberof``, ``notmemberof``, or ``skipped``
        with code 1004.
    :raises NotFound: when the list does not exist.

    Source: ``GET /rest/v1/lists/{listId}/leads/ismember.json``.
    """
    return _change_or_read_members(
        "lists.are_members", "GET", "/lists/{listId}/leads/ismember.json", list_id, lead_ids
    )


def _change_or_read_members(
    name: str, method: str, tail: str, list_id: NumericId, lead_ids: Ids
) -> Call[builtins.list[RowResult]]:
    # 300 ids of 19 digits are 6,900 bytes, which always fits into the URI's limit of 8 KB.
    return Call(
        name,
        Route(method, "lead", tail, path_params(listId=list_id)),
        results_of(len(lead_ids)),
        Replay.SAFE,
        query=query_pairs(id=lead_ids),
        # Adobe's pages disagree on the permission for reading memberships, so name the stronger one.
        scopes=WRITE_LEAD,
    )
