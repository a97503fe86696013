"""Folders, what is in them, and programs as the folders they are."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call, Replay, flag, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    asset,
    asset_pages,
    between,
    change,
    folder,
    maybe_text,
    one_of,
    optional_text,
    place,
    something,
    text,
)
from airflow_provider_mkt.client.marketo.responses import first_as, one_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, Content, Folder

DESCRIPTION_MAX = 2000
_TYPES = ("Folder", "Program")
_DEEPEST = 1000


def list(
    *,
    root_id: int | str | None = None,
    root_type: str = "Folder",
    max_depth: int = 2,
    workspace: str | None = None,
    page_size: int = 200,
) -> Call[builtins.list[Folder]]:
    """Page through folders from a root downwards.

    :param root_id: the folder or program to begin with; all roots when not given.
    :param root_type: ``Folder`` or ``Program``.
    :param max_depth: levels below the root; 0 for the root alone.
    :param workspace: only those of this workspace.
    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/folders.json``.
    """
    name = "folders.list"
    one_of(name, "root_type", root_type, _TYPES)
    query = query_pairs(
        root=None if root_id is None else folder(name, root_id, root_type, field="root_id"),
        maxDepth=between(name, "max_depth", max_depth, 0, _DEEPEST),
        workSpace=maybe_text(name, "workspace", workspace),
    )
    return asset_pages(name, "/folders.json", rows_as(Folder), page_size=page_size, query=query)


def get(folder_id: int | str, *, folder_type: str = "Folder") -> Call[Folder | None]:
    """Read one folder.

    :param folder_id: its id, or that of a program.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: the folder, or None when there is none.

    Source: ``GET /rest/asset/v1/folder/{id}.json``.
    """
    name = "folders.get"
    return asset(
        name,
        "/folder/{id}.json",
        first_as(Folder),
        params=place(name, "folder_id", folder_id),
        query=query_pairs(type=one_of(name, "folder_type", folder_type, _TYPES)),
    )


def by_name(
    folder_name: str,
    *,
    folder_type: str = "Folder",
    root_id: int | str | None = None,
    workspace: str | None = None,
) -> Call[builtins.list[Folder]]:
    """Find folders by their exact name.

    :param folder_type: ``Folder`` or ``Program``.
    :param root_id: only those right below this folder.
    :param workspace: only those of this workspace.
    :returns: the folders; none when there are none.

    Source: ``GET /rest/asset/v1/folder/byName.json``.
    """
    name = "folders.by_name"
    query = query_pairs(
        name=text(name, "folder_name", folder_name),
        type=one_of(name, "folder_type", folder_type, _TYPES),
        root=None if root_id is None else folder(name, root_id, "Folder", field="root_id"),
        workSpace=maybe_text(name, "workspace", workspace),
    )
    return asset(name, "/folder/byName.json", rows_as(Folder), query=query)


def content(
    folder_id: int | str, *, folder_type: str = "Folder", page_size: int = 200
) -> Call[builtins.list[Content]]:
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


def create(
    folder_name: str, *, parent_id: int | str, parent_type: str = "Folder", description: str | None = None
) -> Call[Folder]:
    """Create a folder.

    :param folder_name: unique in its parent.
    :param parent_id: the folder or program it goes into.
    :param parent_type: ``Folder`` or ``Program``.
    :param description: at most 2,000 characters.
    :raises InvalidRequest: when the name is taken (code 709).

    Source: ``POST /rest/asset/v1/folders.json``.
    """
    name = "folders.create"
    one_of(name, "parent_type", parent_type, _TYPES)
    form = query_pairs(
        name=text(name, "folder_name", folder_name),
        parent=folder(name, parent_id, parent_type, field="parent_id"),
        description=optional_text(name, "description", description, at_most=DESCRIPTION_MAX),
    )
    return change(name, "/folders.json", one_as(Folder), Replay.VERIFY, form=form)


def update(
    folder_id: int | str,
    *,
    new_name: str | None = None,
    description: str | None = None,
    is_archive: bool | None = None,
) -> Call[Folder]:
    """Change a folder. A program cannot be changed as one.

    :param folder_id: a folder that the platform does not need for itself.
    :param new_name: unique in its parent.
    :param description: at most 2,000 characters.
    :param is_archive: put it into the archive, or take it out.
    :raises InvalidInput: when there is nothing to change.

    Source: ``POST /rest/asset/v1/folder/{id}.json``.
    """
    name = "folders.update"
    changes = query_pairs(
        name=None if new_name is None else text(name, "new_name", new_name),
        description=optional_text(name, "description", description, at_most=DESCRIPTION_MAX),
        isArchive=flag(name, "is_archive", is_archive),
    )
    return change(
        name,
        "/folder/{id}.json",
        one_as(Folder),
        Replay.SAFE,
        params=place(name, "folder_id", folder_id),
        form=(*something(name, "new_name", changes), ("type", "Folder")),
    )


def delete(folder_id: int | str) -> Call[Asset]:
    """Delete a folder.

    :param folder_id: a folder with nothing in it.
    :raises InvalidRequest: when something is in it (code 709).

    Source: ``POST /rest/asset/v1/folder/{id}/delete.json``.
    """
    name = "folders.delete"
    params, form = place(name, "folder_id", folder_id), query_pairs(type="Folder")
    return change(name, "/folder/{id}/delete.json", one_as(Asset), Replay.VERIFY, params=params, form=form)
