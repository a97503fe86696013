"""Static lists as assets: names and folders. See :mod:`.lists` for their members."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call, Replay, path_params, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    AssetName,
    FolderType,
    Offset,
    PageSize,
    asset,
    asset_pages,
    at_least_one,
    change,
    folder_filter,
    folder_json,
    updated_range,
)
from airflow_provider_mkt.client.marketo.responses import first_row_as, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, StaticList
from airflow_provider_mkt.client.parameters import NumericId, UtcTime, endpoint


@endpoint
def list(
    *,
    folder_id: NumericId | None = None,
    folder_type: FolderType = "Folder",
    updated_after: UtcTime | None = None,
    updated_before: UtcTime | None = None,
    page_size: PageSize = 200,
    offset: Offset = 0,
) -> Call[builtins.list[StaticList]]:
    """List static lists.

    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.

    Source: ``GET /rest/asset/v1/staticLists.json``.
    """
    return asset_pages(
        "static_lists.list",
        "/staticLists.json",
        rows_as(StaticList),
        page_size=page_size,
        offset=offset,
        query=query_pairs(folder=folder_filter(folder_id, folder_type))
        + updated_range(updated_after, updated_before),
    )


@endpoint
def get(list_id: NumericId) -> Call[StaticList | None]:
    """Read a static list.

    :param list_id: id of the list.
    :returns: the list, or None when it does not exist.

    Source: ``GET /rest/asset/v1/staticList/{id}.json``.
    """
    return asset(
        "static_lists.get", "/staticList/{id}.json", first_row_as(StaticList), params=path_params(id=list_id)
    )


@endpoint
def by_name(list_name: AssetName) -> Call[builtins.list[StaticList]]:
    """Find static lists by their exact name, which is unique only within a program.

    :param list_name: the exact name.
    :returns: the lists; empty when none matches.

    Source: ``GET /rest/asset/v1/staticList/byName.json``.
    """
    query = query_pairs(name=list_name)
    return asset("static_lists.by_name", "/staticList/byName.json", rows_as(StaticList), query=query)


@endpoint
def create(
    list_name: AssetName,
    *,
    folder_id: NumericId,
    folder_type: FolderType = "Folder",
    description: str | None = None,
) -> Call[StaticList]:
    """Create a static list.

    :param list_name: name, unique in the instance, or in its program.
    :param folder_id: id of the folder or program to create it in.
    :param folder_type: ``Folder`` or ``Program``.
    :param description: description, for people in Marketo.
    :raises InvalidRequest: when the name is already in use (code 709).

    Source: ``POST /rest/asset/v1/staticLists.json``.
    """
    form = query_pairs(name=list_name, folder=folder_json(folder_id, folder_type), description=description)
    return change(
        "static_lists.create", "/staticLists.json", only_row_as(StaticList), Replay.VERIFY, form=form
    )


@endpoint
def update(
    list_id: NumericId, *, new_name: AssetName | None = None, description: str | None = None
) -> Call[StaticList]:
    """Update a static list's name or description.

    :param list_id: id of the list.
    :param new_name: the new name.
    :param description: description, for people in Marketo.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/staticList/{id}.json``.
    """
    form = query_pairs(name=new_name, description=description)
    return change(
        "static_lists.update",
        "/staticList/{id}.json",
        only_row_as(StaticList),
        Replay.SAFE,
        params=path_params(id=list_id),
        form=at_least_one("new_name", form),
    )


@endpoint
def delete(list_id: NumericId) -> Call[Asset]:
    """Delete a static list. Its leads are kept.

    :param list_id: id of a list that no import, export or asset uses.
    :raises InvalidRequest: when it is in use (code 709).

    Source: ``POST /rest/asset/v1/staticList/{id}/delete.json``.
    """
    params = path_params(id=list_id)
    return change(
        "static_lists.delete",
        "/staticList/{id}/delete.json",
        only_row_as(Asset),
        Replay.VERIFY,
        params=params,
    )
