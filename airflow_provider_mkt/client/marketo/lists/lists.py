"""Static lists and their members, in the lead database API."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from airflow_provider_mkt.client.call import Call, Replay, Route, comma_list, query_pairs
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX, WRITE_LEAD, between, ids, place, read
from airflow_provider_mkt.client.marketo.responses import RowResult, one_as, results_of, rows, rows_as
from airflow_provider_mkt.client.marketo.rows import ListRow
from airflow_provider_mkt.client.paging import position_token


def list(
    *,
    list_ids: Sequence[int | str] = (),
    names: Sequence[str] = (),
    program_names: Sequence[str] = (),
    workspace_names: Sequence[str] = (),
    batch_size: int = 300,
) -> Call[builtins.list[ListRow]]:
    """List static lists.

    :param list_ids: only these lists, at most 300.
    :param names: only those with one of these names; names with a comma are not supported.
    :param program_names: only those of these programs, by name.
    :param workspace_names: only those of these workspaces, by name.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/lists.json``.
    """
    name = "lists.list"
    return read(
        name,
        "/lists.json",
        rows_as(ListRow),
        query=query_pairs(
            id=ids(name, "list_ids", list_ids) if list_ids else None,
            name=comma_list(name, "names", names),
            programName=comma_list(name, "program_names", program_names),
            workspaceName=comma_list(name, "workspace_names", workspace_names),
            batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX),
        ),
        follow=position_token,
    )


def get(list_id: int | str) -> Call[ListRow]:
    """Read a static list.

    :param list_id: id of the list.
    :raises NotFound: when it does not exist.

    Source: ``GET /rest/v1/lists/{listId}.json``.
    """
    name = "lists.get"
    return read(
        name, "/lists/{listId}.json", one_as(ListRow), params=place(name, "list_id", list_id, "listId")
    )


def leads(
    list_id: int | str, *, fields: Sequence[str] = (), batch_size: int = 300
) -> Call[builtins.list[dict[str, Any]]]:
    """List the leads of a static list, by the path that returns ``moreResult``.

    :param list_id: id of the list.
    :param fields: REST names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :raises NotFound: when the list does not exist.

    Source: ``GET /rest/v1/lists/{listId}/leads.json``.
    """
    name = "lists.leads"
    return read(
        name,
        "/lists/{listId}/leads.json",
        rows,
        params=place(name, "list_id", list_id, "listId"),
        query=query_pairs(
            fields=comma_list(name, "fields", fields),
            batchSize=between(name, "batch_size", batch_size, 1, BATCH_MAX),
        ),
        timeout=60,
        follow=position_token,
    )


def add(list_id: int | str, lead_ids: Sequence[int | str]) -> Call[builtins.list[RowResult]]:
    """Add up to 300 leads to a static list. This triggers campaigns with the trigger "Added to List".

    :param list_id: id of the list.
    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``added``, or ``skipped`` with code 1004.
    :raises NotFound: when the list does not exist.

    Source: ``POST /rest/v1/lists/{listId}/leads.json``.
    """
    return _of_leads("lists.add", "POST", "/lists/{listId}/leads.json", list_id, lead_ids)


def remove(list_id: int | str, lead_ids: Sequence[int | str]) -> Call[builtins.list[RowResult]]:
    """Remove up to 300 leads from a static list.

    :param list_id: id of the list.
    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``removed``, or ``skipped`` with code 1004 (lead
        does not exist) or 1015 (not in the list). After an ambiguous failure and a retry, leads that were
        already removed are reported as ``skipped``.
    :raises NotFound: when the list does not exist.

    Source: ``DELETE /rest/v1/lists/{listId}/leads.json``.
    """
    return _of_leads("lists.remove", "DELETE", "/lists/{listId}/leads.json", list_id, lead_ids)


def are_members(list_id: int | str, lead_ids: Sequence[int | str]) -> Call[builtins.list[RowResult]]:
    """Read which of up to 300 leads are in a static list.

    :param list_id: id of the list.
    :param lead_ids: lead ids, without duplicates.
    :returns: one row per lead, in the order of *lead_ids*: ``memberof``, ``notmemberof``, or ``skipped``
        with code 1004.
    :raises NotFound: when the list does not exist.

    Source: ``GET /rest/v1/lists/{listId}/leads/ismember.json``.
    """
    return _of_leads("lists.are_members", "GET", "/lists/{listId}/leads/ismember.json", list_id, lead_ids)


def _of_leads(
    name: str, method: str, tail: str, list_id: int | str, lead_ids: Sequence[int | str]
) -> Call[builtins.list[RowResult]]:
    # 300 ids of 19 digits are 6,900 bytes, which always fits into the URI's limit of 8 KB.
    numbers = ids(name, "lead_ids", lead_ids)
    return Call(
        name,
        Route(method, "lead", tail, place(name, "list_id", list_id, "listId")),
        results_of(len(numbers)),
        Replay.SAFE,
        query=query_pairs(id=numbers),
        # Adobe's pages disagree on the permission for reading memberships, so name the stronger one.
        scopes=WRITE_LEAD,
    )
