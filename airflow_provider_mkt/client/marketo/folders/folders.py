"""Folders and their contents."""

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
    """List folders below a root folder.

    :param root_id: id of the folder or program to start from; all root folders when not given.
    :param root_type: ``Folder`` or ``Program``.
    :param max_depth: number of levels below the root, 0-1000; 0 for the root only.
    :param workspace: only folders of this workspace.
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
    """Read a folder.

    :param folder_id: id of the folder, or of a program.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: the folder, or None when it does not exist.

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
    :param root_id: only folders directly below this folder.
    :param workspace: only folders of this workspace.
    :returns: the folders; empty when none matches.

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
    """List the direct contents of a folder or program.

    :param folder_id: id of the folder or program.
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

    :param folder_name: name, unique in the parent folder.
    :param parent_id: id of the parent folder or program.
    :param parent_type: ``Folder`` or ``Program``.
    :param description: description, at most 2,000 characters.
    :raises InvalidRequest: when the name is already in use (code 709).

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
    """Update a folder. Programs cannot be updated by this call.

    :param folder_id: id of a folder that is not a system folder.
    :param new_name: name, unique in the parent folder.
    :param description: description, at most 2,000 characters.
    :param is_archive: archive or unarchive the folder.
    :raises InvalidInput: when no field to change is given.

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

    :param folder_id: id of an empty folder.
    :raises InvalidRequest: when the folder is not empty (code 709).

    Source: ``POST /rest/asset/v1/folder/{id}/delete.json``.
    """
    name = "folders.delete"
    params, form = place(name, "folder_id", folder_id), query_pairs(type="Folder")
    return change(name, "/folder/{id}/delete.json", one_as(Asset), Replay.VERIFY, params=params, form=form)
