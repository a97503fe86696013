"""Static lists as assets: where they are and what they are called. Who is in them: :mod:`.lists`."""

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
    """Page through static lists.

    :param folder_id: only those in this folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param updated_after: only those changed at this time or later; aware.
    :param updated_before: only those changed at this time or earlier; aware.
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
    """Read one static list.

    :param list_id: its id.
    :returns: the list, or None when there is none.

    Source: ``GET /rest/asset/v1/staticList/{id}.json``.
    """
    name = "static_lists.get"
    return asset(name, "/staticList/{id}.json", first_as(StaticList), params=place(name, "list_id", list_id))


def by_name(list_name: str) -> Call[builtins.list[StaticList]]:
    """Find static lists by their exact name, which is unique only within a program.

    :returns: the lists; none when there are none.

    Source: ``GET /rest/asset/v1/staticList/byName.json``.
    """
    name = "static_lists.by_name"
    query = query_pairs(name=text(name, "list_name", list_name))
    return asset(name, "/staticList/byName.json", rows_as(StaticList), query=query)


def create(
    list_name: str, *, folder_id: int | str, folder_type: str = "Folder", description: str | None = None
) -> Call[StaticList]:
    """Create a static list.

    :param list_name: unique in the instance, or in its program.
    :param folder_id: the folder or program it goes into.
    :param folder_type: ``Folder`` or ``Program``.
    :raises InvalidRequest: when the name is taken (code 709).

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
    """Change a static list's name or description.

    :param list_id: the list.
    :raises InvalidInput: when there is nothing to change.

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
    """Delete a static list, but not its leads.

    :param list_id: a list that no import, export or asset uses.
    :raises InvalidRequest: when it is in use (code 709).

    Source: ``POST /rest/asset/v1/staticList/{id}/delete.json``.
    """
    name = "static_lists.delete"
    params = place(name, "list_id", list_id)
    return change(name, "/staticList/{id}/delete.json", one_as(Asset), Replay.VERIFY, params=params)
