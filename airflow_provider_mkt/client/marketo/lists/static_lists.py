"""Static lists as assets: names and folders. See :mod:`.lists` for their members."""

from __future__ import annotations

import builtins
from datetime import datetime

from airflow_provider_mkt.client.call import Call, Replay, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    asset,
    asset_pages,
    change,
    folder,
    in_folder,
    place,
    something,
    text,
    updated,
)
from airflow_provider_mkt.client.marketo.responses import first_as, one_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, StaticList


def list(
    *,
    folder_id: int | str | None = None,
    folder_type: str = "Folder",
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    page_size: int = 200,
) -> Call[builtins.list[StaticList]]:
    """List static lists.

    :param folder_id: only assets in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param updated_after: only assets updated at this time or later (timezone-aware).
    :param updated_before: only assets updated at this time or earlier (timezone-aware).
    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/staticLists.json``.
    """
    name = "static_lists.list"
    return asset_pages(
        name,
        "/staticLists.json",
        rows_as(StaticList),
        page_size=page_size,
        query=query_pairs(folder=in_folder(name, folder_id, folder_type))
        + updated(name, updated_after, updated_before),
    )


def get(list_id: int | str) -> Call[StaticList | None]:
    """Read a static list.

    :param list_id: id of the list.
    :returns: the list, or None when it does not exist.

    Source: ``GET /rest/asset/v1/staticList/{id}.json``.
    """
    name = "static_lists.get"
    return asset(name, "/staticList/{id}.json", first_as(StaticList), params=place(name, "list_id", list_id))


def by_name(list_name: str) -> Call[builtins.list[StaticList]]:
    """Find static lists by their exact name, which is unique only within a program.

    :returns: the lists; empty when none matches.

    Source: ``GET /rest/asset/v1/staticList/byName.json``.
    """
    name = "static_lists.by_name"
    query = query_pairs(name=text(name, "list_name", list_name))
    return asset(name, "/staticList/byName.json", rows_as(StaticList), query=query)


def create(
    list_name: str, *, folder_id: int | str, folder_type: str = "Folder", description: str | None = None
) -> Call[StaticList]:
    """Create a static list.

    :param list_name: name, unique in the instance, or in its program.
    :param folder_id: id of the folder or program to create it in.
    :param folder_type: ``Folder`` or ``Program``.
    :raises InvalidRequest: when the name is already in use (code 709).

    Source: ``POST /rest/asset/v1/staticLists.json``.
    """
    name = "static_lists.create"
    form = query_pairs(
        name=text(name, "list_name", list_name),
        folder=folder(name, folder_id, folder_type),
        description=description,
    )
    return change(name, "/staticLists.json", one_as(StaticList), Replay.VERIFY, form=form)


def update(
    list_id: int | str, *, new_name: str | None = None, description: str | None = None
) -> Call[StaticList]:
    """Update a static list's name or description.

    :param list_id: id of the list.
    :raises InvalidInput: when no field to change is given.

    Source: ``POST /rest/asset/v1/staticList/{id}.json``.
    """
    name = "static_lists.update"
    form = query_pairs(
        name=None if new_name is None else text(name, "new_name", new_name), description=description
    )
    return change(
        name,
        "/staticList/{id}.json",
        one_as(StaticList),
        Replay.SAFE,
        params=place(name, "list_id", list_id),
        form=something(name, "new_name", form),
    )


def delete(list_id: int | str) -> Call[Asset]:
    """Delete a static list. Its leads are kept.

    :param list_id: id of a list that no import, export or asset uses.
    :raises InvalidRequest: when it is in use (code 709).

    Source: ``POST /rest/asset/v1/staticList/{id}/delete.json``.
    """
    name = "static_lists.delete"
    params = place(name, "list_id", list_id)
    return change(name, "/staticList/{id}/delete.json", one_as(Asset), Replay.VERIFY, params=params)
