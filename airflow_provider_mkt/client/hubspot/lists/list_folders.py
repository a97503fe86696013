"""Folders of lists."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.lists._parameters import record_id, word
from airflow_provider_mkt.client.hubspot.lists._types import FAMILY, READ, WRITE

ROOT = "0"


class Folder(TypedDict):
    """A folder with its subfolders and the ids of its lists. List ids are numbers only here."""

    id: str
    name: NotRequired[str]
    parentFolderId: NotRequired[str]
    childNodes: NotRequired[list[Folder]]
    childLists: NotRequired[list[int]]


def get(folder_id: int | str = ROOT) -> Call[Folder]:
    """Read a folder with everything below it.

    :param folder_id: id of the folder; the root folder when not given.
    :raises NotFound: when it does not exist.

    Source: ``GET /crm/{version}/lists/folders``.
    """
    name = "list_folders.get"
    return Call(
        name,
        Route("GET", FAMILY, "/folders"),
        _folder,
        Replay.SAFE,
        query=query_pairs(folderId=record_id(name, "folder_id", folder_id)),
        scopes=READ,
    )


def create(folder_name: str, *, parent_folder_id: int | str | None = None) -> Call[Folder]:
    """Create a folder. Names are not unique, so read the folders before retrying.

    :param folder_name: name of the folder.
    :param parent_folder_id: id of the parent folder; the root folder when not given.
    :raises NotFound: when the parent folder does not exist.

    Source: ``POST /crm/{version}/lists/folders``.
    """
    name = "list_folders.create"
    body: dict[str, Json] = {"name": word(name, "folder_name", folder_name)}
    if parent_folder_id is not None:
        body["parentFolderId"] = record_id(name, "parent_folder_id", parent_folder_id)
    return Call(
        name, Route("POST", FAMILY, "/folders"), _folder, Replay.VERIFY, body=JsonBody(body), scopes=WRITE
    )


def move(folder_id: int | str, new_parent_folder_id: int | str) -> Call[Folder]:
    """Move a folder into another folder.

    :param folder_id: id of the folder.
    :param new_parent_folder_id: id of the new parent folder; ``0`` is the root folder.
    :raises InvalidRequest: when the folder would contain itself.
    :raises NotFound: when the folder does not exist.

    Source: ``PUT /crm/{version}/lists/folders/{folderId}/move/{newParentFolderId}``.
    """
    name = "list_folders.move"
    params = path_params(name, folderId=folder_id, newParentFolderId=new_parent_folder_id)
    tail = "/folders/{folderId}/move/{newParentFolderId}"
    return Call(name, Route("PUT", FAMILY, tail, params), _folder, Replay.SAFE, scopes=WRITE)


def rename(folder_id: int | str, folder_name: str) -> Call[Folder]:
    """Rename a folder.

    :param folder_id: id of the folder.
    :param folder_name: new name.
    :raises NotFound: when it does not exist.

    Source: ``PUT /crm/{version}/lists/folders/{folderId}/rename``.
    """
    name = "list_folders.rename"
    return Call(
        name,
        Route("PUT", FAMILY, "/folders/{folderId}/rename", path_params(name, folderId=folder_id)),
        _folder,
        Replay.SAFE,
        query=query_pairs(newFolderName=word(name, "folder_name", folder_name)),
        scopes=WRITE,
    )


def delete(folder_id: int | str) -> Call[None]:
    """Delete a folder.

    :param folder_id: id of the folder.
    :raises InvalidRequest: when the folder is not empty.
    :raises NotFound: when it does not exist.

    Source: ``DELETE /crm/{version}/lists/folders/{folderId}``.
    """
    name = "list_folders.delete"
    return Call(
        name,
        Route("DELETE", FAMILY, "/folders/{folderId}", path_params(name, folderId=folder_id)),
        nothing,
        Replay.SAFE,
        scopes=WRITE,
    )


def move_list(list_id: int | str, new_folder_id: int | str) -> Call[None]:
    """Move a list into a folder.

    :param list_id: id of the list.
    :param new_folder_id: id of the folder; ``0`` is the root folder.
    :raises NotFound: when the list or the folder does not exist.

    Source: ``PUT /crm/{version}/lists/folders/move-list``.
    """
    name = "list_folders.move_list"
    body = {
        "listId": record_id(name, "list_id", list_id),
        "newFolderId": record_id(name, "new_folder_id", new_folder_id),
    }
    return Call(
        name,
        Route("PUT", FAMILY, "/folders/move-list"),
        nothing,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=WRITE,
    )


def _folder(envelope: Envelope) -> Folder:
    # The schemas do not say whether the folder is wrapped, so both forms are read.
    return cast("Folder", envelope.get("folder") or envelope)
