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
from airflow_provider_mkt.client.hubspot.lists._parameters import RecordId
from airflow_provider_mkt.client.hubspot.lists._types import FAMILY, READ, WRITE
from airflow_provider_mkt.client.parameters import Text, endpoint

ROOT = "0"


class Folder(TypedDict):
    """A folder with its subfolders and the ids of its lists. List ids are numbers only here."""

    id: str
    name: NotRequired[str]
    parentFolderId: NotRequired[str]
    childNodes: NotRequired[list[Folder]]
    childLists: NotRequired[list[int]]


@endpoint
def get(folder_id: RecordId = ROOT) -> Call[Folder]:
    """Read a folder with everything below it.

    :param folder_id: id of the folder; the root folder when not given.
    :raises NotFound: when it does not exist.

    Source: ``GET /crm/{version}/lists/folders``.
    """
    return Call(
        "list_folders.get",
        Route("GET", FAMILY, "/folders"),
        _folder,
        Replay.SAFE,
        query=query_pairs(folderId=folder_id),
        scopes=READ,
    )


@endpoint
def create(folder_name: Text, *, parent_folder_id: RecordId | None = None) -> Call[Folder]:
    """Create a folder. Names are not unique, so read the folders before retrying.

    :param folder_name: name of the folder.
    :param parent_folder_id: id of the parent folder; the root folder when not given.
    :raises NotFound: when the parent folder does not exist.

    Source: ``POST /crm/{version}/lists/folders``.
    """
    body: dict[str, Json] = {"name": folder_name}
    if parent_folder_id is not None:
        body["parentFolderId"] = parent_folder_id
    return Call(
        "list_folders.create",
        Route("POST", FAMILY, "/folders"),
        _folder,
        Replay.VERIFY,
        body=JsonBody(body),
        scopes=WRITE,
    )


@endpoint
def move(folder_id: int | str, new_parent_folder_id: int | str) -> Call[Folder]:
    """Move a folder into another folder.

    :param folder_id: id of the folder.
    :param new_parent_folder_id: id of the new parent folder; ``0`` is the root folder.
    :raises InvalidRequest: when the folder would contain itself.
    :raises NotFound: when the folder does not exist.

    Source: ``PUT /crm/{version}/lists/folders/{folderId}/move/{newParentFolderId}``.
    """
    params = path_params(folderId=folder_id, newParentFolderId=new_parent_folder_id)
    tail = "/folders/{folderId}/move/{newParentFolderId}"
    return Call("list_folders.move", Route("PUT", FAMILY, tail, params), _folder, Replay.SAFE, scopes=WRITE)


@endpoint
def rename(folder_id: int | str, folder_name: Text) -> Call[Folder]:
    """Rename a folder.

    :param folder_id: id of the folder.
    :param folder_name: new name.
    :raises NotFound: when it does not exist.

    Source: ``PUT /crm/{version}/lists/folders/{folderId}/rename``.
    """
    return Call(
        "list_folders.rename",
        Route("PUT", FAMILY, "/folders/{folderId}/rename", path_params(folderId=folder_id)),
        _folder,
        Replay.SAFE,
        query=query_pairs(newFolderName=folder_name),
        scopes=WRITE,
    )


@endpoint
def delete(folder_id: int | str) -> Call[None]:
    """Delete a folder.

    :param folder_id: id of the folder.
    :raises InvalidRequest: when the folder is not empty.
    :raises NotFound: when it does not exist.

    Source: ``DELETE /crm/{version}/lists/folders/{folderId}``.
    """
    return Call(
        "list_folders.delete",
        Route("DELETE", FAMILY, "/folders/{folderId}", path_params(folderId=folder_id)),
        nothing,
        Replay.SAFE,
        scopes=WRITE,
    )


@endpoint
def move_list(list_id: RecordId, new_folder_id: RecordId) -> Call[None]:
    """Move a list into a folder.

    :param list_id: id of the list.
    :param new_folder_id: id of the folder; ``0`` is the root folder.
    :raises NotFound: when the list or the folder does not exist.

    Source: ``PUT /crm/{version}/lists/folders/move-list``.
    """
    body = {"listId": list_id, "newFolderId": new_folder_id}
    return Call(
        "list_folders.move_list",
        Route("PUT", FAMILY, "/folders/move-list"),
        nothing,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=WRITE,
    )


def _folder(envelope: Envelope) -> Folder:
    # The schemas do not say whether the folder is wrapped, so both forms are read.
    return cast("Folder", envelope.get("folder") or envelope)
