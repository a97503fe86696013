"""Folders, and what is in them."""

from __future__ import annotations

from airflow_provider_mkt.api.call import Call, query_pairs
from airflow_provider_mkt.api.marketo._building import (
    asset,
    asset_pages,
    between,
    folder,
    maybe_text,
    one_of,
    place,
    text,
)
from airflow_provider_mkt.api.marketo.answers import first_as, rows_as
from airflow_provider_mkt.api.marketo.rows import Content, Folder

_TYPES = ("Folder", "Program")
_DEEPEST = 1000


def browse(
    *,
    root_id: int | str | None = None,
    max_depth: int = 2,
    workspace: str | None = None,
    page_size: int = 200,
) -> Call[list[Folder]]:
    """Page through folders from a root downwards.

    :param root_id: the folder to begin with; all roots when not given.
    :param max_depth: levels, the root's own included.
    :param workspace: only those of this workspace.
    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/folders.json``.
    """
    name = "folders.browse"
    query = query_pairs(
        root=None if root_id is None else folder(name, root_id, "Folder", field="root_id"),
        maxDepth=between(name, "max_depth", max_depth, 1, _DEEPEST),
        workSpace=maybe_text(name, "workspace", workspace),
    )
    return asset_pages(name, "/folders.json", rows_as(Folder), page_size=page_size, query=query)


def get(folder_id: int | str) -> Call[Folder | None]:
    """Read one folder.

    :param folder_id: its id.
    :returns: the folder, or None when there is none.

    Source: ``GET /rest/asset/v1/folder/{id}.json``.
    """
    name = "folders.get"
    return asset(
        name,
        "/folder/{id}.json",
        first_as(Folder),
        params=place(name, "folder_id", folder_id),
        query=query_pairs(type="Folder"),
    )


def by_name(
    folder_name: str, *, root_id: int | str | None = None, workspace: str | None = None
) -> Call[list[Folder]]:
    """Find folders by their exact name.

    :param root_id: only those right below this folder.
    :param workspace: only those of this workspace.
    :returns: the folders; none when there are none.

    Source: ``GET /rest/asset/v1/folder/byName.json``.
    """
    name = "folders.by_name"
    query = query_pairs(
        name=text(name, "folder_name", folder_name),
        type="Folder",
        root=None if root_id is None else folder(name, root_id, "Folder", field="root_id"),
        workSpace=maybe_text(name, "workspace", workspace),
    )
    return asset(name, "/folder/byName.json", rows_as(Folder), query=query)


def content(
    folder_id: int | str, *, folder_type: str = "Folder", page_size: int = 200
) -> Call[list[Content]]:
    """Page through what is right inside a folder or program.

    :param folder_id: the folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param page_size: rows per page, 1-200.
    :returns: the ``id`` and ``type`` of each asset.

    Source: ``GET /rest/asset/v1/folder/{id}/content.json``.
    """
    name = "folders.content"
    return asset_pages(
        name,
        "/folder/{id}/content.json",
        rows_as(Content),
        page_size=page_size,
        params=place(name, "folder_id", folder_id),
        query=query_pairs(type=one_of(name, "folder_type", folder_type, _TYPES)),
    )
