"""Folders, references to folders, and the base class of assets."""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError

WORKSPACE = "Default"
_QUOTE = "['\"]?"
_LOOSE = re.compile(
    rf"{{\s*{_QUOTE}id{_QUOTE}\s*:\s*{_QUOTE}(\d+){_QUOTE}\s*,\s*{_QUOTE}type{_QUOTE}\s*:\s*{_QUOTE}(\w+){_QUOTE}\s*}}"
)


@dataclass(frozen=True)
class FolderRef:
    """A reference to the folder or program of an asset."""

    id: int
    type: str

    def nested(self, name: str) -> dict[str, object]:
        """Return it as in programs and emails. The guide calls the number `value`, the schema `id`."""
        return {"type": self.type, "value": self.id, "id": self.id, "folderName": name}

    def flat(self) -> dict[str, object]:
        """Return it as in smart campaigns and lists."""
        return {"id": self.id, "type": self.type}


@dataclass
class Asset:
    """The fields that all assets have."""

    id: int
    name: str
    folder: FolderRef
    created_at: datetime
    updated_at: datetime
    description: str = field(default="", kw_only=True)


@dataclass
class Folder(Asset):
    kind: str = "Marketing Folder"
    system: bool = False
    archived: bool = False


def parse_folder(text: str | None, parameter: str = "folder") -> FolderRef:
    """Parse a folder parameter, which is JSON in a form field."""
    if not text:
        raise MarketoError(701, f"{parameter} cannot be blank")
    folder = _read_json(text) or _read_loosely(text)
    if folder is None:
        raise MarketoError(1001, f"Invalid value '{text}'. Required of type 'folder'")
    # Some samples have the type in lower case.
    kind = folder.type.capitalize()
    if kind not in ("Folder", "Program"):
        raise MarketoError(711, f"Folder type '{folder.type}' is not valid")
    return FolderRef(folder.id, kind)


def _read_json(text: str) -> FolderRef | None:
    try:
        parsed = json.loads(text)
        return FolderRef(int(parsed["id"]), str(parsed["type"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _read_loosely(text: str) -> FolderRef | None:
    """Parse JSON with wrong or missing quotes, which Marketo accepts and clients in use send."""
    found = _LOOSE.fullmatch(text.strip())
    return FolderRef(int(found[1]), found[2]) if found else None
