"""Folders of lists, a tree with root 0."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.lists.store import ListStore
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

ROOT = "0"
_FIRST_ID = 11


@dataclass(slots=True)
class Folder:
    id: str
    name: str
    parent: str | None


class FolderStore:
    """All folders. Names are not unique."""

    def __init__(self, lists: ListStore) -> None:
        self._lists = lists
        self._ids = itertools.count(_FIRST_ID)
        self._by_id = {ROOT: Folder(ROOT, "", None)}

    def get(self, folder_id: str) -> Folder | None:
        return self._by_id.get(folder_id)

    def create(self, name: str, parent: str) -> Folder:
        folder = Folder(str(next(self._ids)), name, parent)
        self._by_id[folder.id] = folder
        return folder

    def remove(self, folder: Folder) -> None:
        del self._by_id[folder.id]

    def children(self, folder: Folder) -> list[Folder]:
        return [one for one in self._by_id.values() if one.parent == folder.id]

    def lists_in(self, folder: Folder) -> list[str]:
        return [one.id for one in self._lists.all() if one.folder == folder.id]

    def inside(self, folder: Folder, outer: Folder) -> bool:
        """Return whether a folder is another one or below it."""
        at: Folder | None = folder
        while at is not None:
            if at.id == outer.id:
                return True
            at = self._by_id.get(at.parent) if at.parent is not None else None
        return False

    def view(self, folder: Folder) -> JsonObject:
        return {
            "id": folder.id,
            "name": folder.name,
            # Every folder has a parent; that of the root is itself.
            "parentFolderId": ROOT if folder.parent is None else folder.parent,
            "childNodes": [self.view(one) for one in self.children(folder)],
            # List ids are strings everywhere else.
            "childLists": [int(one) for one in self.lists_in(folder)],
        }

    def snapshot(self) -> JsonObject:
        return self.view(self._by_id[ROOT])
