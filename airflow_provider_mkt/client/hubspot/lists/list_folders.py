"""Folders that lists are kept in."""

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
    """A folder with the folders and the ids of the lists in it, which are numbers here alone."""

    id: str
    name: NotRequired[str]
    parentFolderId: NotRequired[str]
    childNodes: NotRequired[list[Folder]]
    childLists: NotRequired[list[int]]


def get(folder_id: int | str = ROOT) -> Call[Folder]:
    """Read a folder with everything below it.

    :param folder_id: the folder; the root when not given.
    :raises NotFound: when there is none.

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
    """Create a folder. Nothing keeps two from having one name, so look before a repeat.

    :param folder_name: its name.
    :param parent_folder_id: the folder it goes into; the root when not given.
    :raises NotFound: when there is no such parent.

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
    """Put a folder into another one.

    :param folder_id: the folder.
    :param new_parent_folder_id: where it goes; ``0`` is the root.
    :raises InvalidRequest: when it would end up inside itself.
    :raises NotFound: when there is no such folder.

    Source: ``PUT /crm/{version}/lists/folders/{folderId}/move/{newParentFolderId}``.
    """
    name = "list_folders.move"
    params = path_params(name, folderId=folder_id, newParentFolderId=new_parent_folder_id)
    tail = "/folders/{folderId}/move/{newParentFolderId}"
    return Call(name, Route("PUT", FAMILY, tail, params), _folder, Replay.SAFE, scopes=WRITE)


def rename(folder_id: int | str, folder_name: str) -> Call[Folder]:
    """Rename a folder.

    :param folder_id: the folder.
    :param folder_name: its new name.
    :raises NotFound: when there is none.

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

    :param folder_id: the folder.
    :raises InvalidRequest: when it is not empty.
    :raises NotFound: when there is none.

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
    """Put a list into a folder.

    :param list_id: the list.
    :param new_folder_id: the folder; ``0`` is the root.
    :raises NotFound: when there is no such list or folder.

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
    # The schemas name the answers and not what is in them, so both spellings are read.
    return cast("Folder", envelope.get("folder") or envelope)
