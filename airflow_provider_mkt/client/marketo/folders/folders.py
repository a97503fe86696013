"""Folders and their contents."""

from __future__ import annotations

import builtins
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Replay, path_params, query_pairs
from airflow_provider_mkt.client.marketo.requests import (
    AssetName,
    FolderType,
    Offset,
    PageSize,
    ShortText,
    asset,
    asset_pages,
    at_least_one,
    change,
    folder_json,
)
from airflow_provider_mkt.client.marketo.responses import first_row_as, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Asset, Content, Folder
from airflow_provider_mkt.client.parameters import NumericId, between, endpoint, text_or_empty

DESCRIPTION_MAX = 2000
_TYPES = ("Folder", "Program")
_DEEPEST = 1000


@endpoint
def list(
    *,
    root_id: NumericId | None = None,
    root_type: FolderType = "Folder",
    max_depth: Annotated[int, between(0, _DEEPEST)] = 2,
    workspace: ShortText | None = None,
    page_size: PageSize = 200,
    offset: Offset = 0,
) -> Call[builtins.list[Folder]]:
    """List folders below a root folder.

    :param root_id: id of the folder or program to start from; all root folders when not given.
    :param root_type: ``Folder`` or ``Program``.
    :param max_depth: number of levels below the root, 0-1000; 0 for the root only.
    :param workspace: only folders of this workspace.
    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.

    Source: ``GET /rest/asset/v1/folders.json``.
    """
    query = query_pairs(
        root=None if root_id is None else folder_json(root_id, root_type),
        maxDepth=max_depth,
        workSpace=workspace,
    )
    return asset_pages(
        "folders.list", "/folders.json", rows_as(Folder), page_size=page_size, offset=offset, query=query
    )


@endpoint
def get(folder_id: NumericId, *, folder_type: FolderType = "Folder") -> Call[Folder | None]:
    """Read a folder.

    :param folder_id: id of the folder, or of a program.
    :param folder_type: ``Folder`` or ``Program``.
    :returns: the folder, or None when it does not exist.

    Source: ``GET /rest/asset/v1/folder/{id}.json``.
    """
    return asset(
        "folders.get",
        "/folder/{id}.json",
        first_row_as(Folder),
        params=path_params(id=folder_id),
        query=query_pairs(type=folder_type),
    )


@endpoint
def by_name(
    folder_name: AssetName,
    *,
    folder_type: FolderType = "Folder",
    root_id: NumericId | None = None,
    workspace: ShortText | None = None,
) -> Call[builtins.list[Folder]]:
    """Find folders by their exact name.

    :param folder_name: the exact name.
    :param folder_type: ``Folder`` or ``Program``.
    :param root_id: only folders directly below this folder.
    :param workspace: only folders of this workspace.
    :returns: the folders; empty when none matches.

    Source: ``GET /rest/asset/v1/folder/byName.json``.
    """
    query = query_pairs(
        name=folder_name,
        type=folder_type,
        root=None if root_id is None else folder_json(root_id, "Folder"),
        workSpace=workspace,
    )
    return asset("folders.by_name", "/folder/byName.json", rows_as(Folder), query=query)


@endpoint
def content(
    folder_id: NumericId, *, folder_type: FolderType = "Folder", page_size: PageSize = 200, offset: Offset = 0
) -> Call[builtins.list[Content]]:
    """List the direct contents of a folder or program.

    :param folder_id: id of the folder or program.
    :param folder_type: ``Folder`` or ``Program``.
    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.
    :returns: the ``id`` and ``type`` of each asset.

    Source: ``GET /rest/asset/v1/folder/{id}/content.json``.
    """
    return asset_pages(
        "folders.content",
        "/folder/{id}/content.json",
        rows_as(Content),
        page_size=page_size,
        offset=offset,
        params=path_params(id=folder_id),
        query=query_pairs(type=folder_type),
    )


@endpoint
def create(
    folder_name: AssetName,
    *,
    parent_id: NumericId,
    parent_type: FolderType = "Folder",
    description: Annotated[str, text_or_empty(DESCRIPTION_MAX)] | None = None,
) -> Call[Folder]:
    """Create a folder.

    :param folder_name: name, unique in the parent folder.
    :param parent_id: id of the parent folder or program.
    :param parent_type: ``Folder`` or ``Program``.
    :param description: description, at most 2,000 characters.
    :raises InvalidRequest: when the name is already in use (code 709).

    Source: ``POST /rest/asset/v1/folders.json``.
    """
    form = query_pairs(name=folder_name, parent=folder_json(parent_id, parent_type), description=description)
    return change("folders.create", "/folders.json", only_row_as(Folder), Replay.VERIFY, form=form)


@endpoint
def update(
    folder_id: NumericId,
    *,
    new_name: AssetName | None = None,
    description: Annotated[str, text_or_empty(DESCRIPTION_MAX)] | None = None,
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
    changes = query_pairs(name=new_name, description=description, isArchive=is_archive)
    return change(
        "folders.update",
        "/folder/{id}.json",
        only_row_as(Folder),
        Replay.SAFE,
        params=path_params(id=folder_id),
        form=(*at_least_one("new_name", changes), ("type", "Folder")),
    )


@endpoint
def delete(folder_id: NumericId) -> Call[Asset]:
    """Delete a folder.

    :param folder_id: id of an empty folder.
    :raises InvalidRequest: when the folder is not empty (code 709).

    Source: ``POST /rest/asset/v1/folder/{id}/delete.json``.
    """
    params, form = path_params(id=folder_id), query_pairs(type="Folder")
    return change(
        "folders.delete",
        "/folder/{id}/delete.json",
        only_row_as(Asset),
        Replay.VERIFY,
        params=params,
        form=form,
    )
