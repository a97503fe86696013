"""Lists of named accounts."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from airflow_provider_mkt.client.call import Call, Json, Replay, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.requests import (
    BATCH_MAX,
    BatchSize,
    ShortText,
    filter_values_text,
    read,
    records,
    write,
)
from airflow_provider_mkt.client.marketo.responses import RowResult, results_of, rows_as
from airflow_provider_mkt.client.marketo.rows import NamedAccountList, ObjectRecord
from airflow_provider_mkt.client.paging import Cursor, position_token
from airflow_provider_mkt.client.parameters import Check, Names, endpoint, items, path_segment

Guid = Annotated[ShortText, Check(path_segment)]
Guids = Annotated[Sequence[ShortText], items(BATCH_MAX)]
ListAction = Literal["createOnly", "updateOnly"]
_READ = ("Read-Only Named Account List",)
_WRITE = ("Read-Write Named Account List",)
_READ_ACCOUNT = ("Read-Only Named Account",)
_WRITE_ACCOUNT = ("Read-Write Named Account",)
_TIMEOUT = 60.0


@endpoint
def list(
    filter_type: Literal["dedupeFields", "idField"],
    filter_values: Sequence[str],
    *,
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[NamedAccountList]]:
    """List named account lists.

    :param filter_type: ``dedupeFields`` for names, ``idField`` for ``marketoGUID``.
    :param filter_values: 1-300 values without commas.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/namedAccountLists.json``.
    """
    return read(
        "named_account_lists.list",
        "/namedAccountLists.json",
        rows_as(NamedAccountList),
        query=query_pairs(
            nextPageToken=next_page_token,
            filterType=filter_type,
            filterValues=filter_values_text(filter_values),
            batchSize=batch_size,
        ),
        scopes=_READ,
        timeout=_TIMEOUT,
        follow=position_token,
    )


@endpoint
def sync(
    lists: Sequence[Mapping[str, object]], *, action: ListAction = "createOnly"
) -> Call[builtins.list[RowResult]]:
    """Create or rename up to 300 lists of named accounts.

    :param lists: 1-300 mappings of ``name``, and of ``marketoGUID`` with ``updateOnly``.
    :param action: ``createOnly`` or ``updateOnly``.
    :returns: one row per list, in their order.

    Source: ``POST /rest/v1/namedAccountLists.json``.
    """
    if action not in ("createOnly", "updateOnly"):
        raise InvalidInput("action", "must be createOnly or updateOnly")
    required = ("name",) if action == "createOnly" else ("marketoGUID", "name")
    rows = records("lists", lists, required=required)
    body: dict[str, Json] = {"action": action, "input": [*rows]}
    if action == "updateOnly":
        body["dedupeBy"] = "idField"
    return write(
        "named_account_lists.sync",
        "/namedAccountLists.json",
        results_of(len(rows)),
        # Whether Marketo refuses a second list of a name is not documented.
        Replay.VERIFY if action == "createOnly" else Replay.SAFE,
        body=body,
        timeout=_TIMEOUT,
        scopes=_WRITE,
    )


@endpoint
def delete(list_guids: Guids) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 lists of named accounts. The accounts are kept.

    :param list_guids: 1-300 values of ``marketoGUID``.
    :returns: one row per list, in their order.

    Source: ``POST /rest/v1/namedAccountLists/delete.json``.
    """
    return write(
        "named_account_lists.delete",
        "/namedAccountLists/delete.json",
        results_of(len(list_guids)),
        Replay.SAFE,
        body={"deleteBy": "idField", "input": _rows(list_guids)},
        timeout=_TIMEOUT,
        scopes=_WRITE,
    )


@endpoint
def members(
    list_guid: Guid,
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[ObjectRecord]]:
    """List the named accounts of a list.

    :param list_guid: ``marketoGUID`` of the list.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/namedAccountList/{id}/namedAccounts.json``.
    """
    return read(
        "named_account_lists.members",
        "/namedAccountList/{id}/namedAccounts.json",
        rows_as(ObjectRecord),
        params=path_params(id=list_guid),
        query=query_pairs(nextPageToken=next_page_token, fields=comma_joined(fields), batchSize=batch_size),
        scopes=_READ_ACCOUNT,
        timeout=_TIMEOUT,
        follow=position_token,
    )


@endpoint
def add_members(list_guid: Guid, account_guids: Guids) -> Call[builtins.list[RowResult]]:
    """Add up to 300 named accounts to a list.

    :param list_guid: ``marketoGUID`` of the list.
    :param account_guids: 1-300 values of ``marketoGUID``.
    :returns: one row per account, in their order.

    Source: ``POST /rest/v1/namedAccountList/{id}/namedAccounts.json``.
    """
    return _members("named_account_lists.add_members", list_guid, ".json", account_guids)


@endpoint
def remove_members(list_guid: Guid, account_guids: Guids) -> Call[builtins.list[RowResult]]:
    """Remove up to 300 named accounts from a list.

    :param list_guid: ``marketoGUID`` of the list.
    :param account_guids: 1-300 values of ``marketoGUID``.
    :returns: one row per account, in their order.

    Source: ``POST /rest/v1/namedAccountList/{id}/namedAccounts/remove.json``.
    """
    return _members("named_account_lists.remove_members", list_guid, "/remove.json", account_guids)


def _members(name: str, list_guid: str, end: str, guids: Sequence[str]) -> Call[builtins.list[RowResult]]:
    return write(
        name,
        "/namedAccountList/{id}/namedAccounts" + end,
        results_of(len(guids)),
        Replay.SAFE,
        params=path_params(id=list_guid),
        body={"input": _rows(guids)},
        timeout=_TIMEOUT,
        scopes=_WRITE_ACCOUNT,
    )


def _rows(guids: Sequence[str]) -> builtins.list[Json]:
    return [{"marketoGUID": guid} for guid in guids]
