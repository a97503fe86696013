"""Where assets live, and the parameters that say so."""

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
    """A folder or a program, as assets name the one they are in."""

    id: int
    type: str

    def nested(self, name: str) -> dict[str, object]:
        """As programs and emails write it. The guide calls the number `value`, the contract `id`."""
        return {"type": self.type, "value": self.id, "id": self.id, "folderName": name}

    def flat(self) -> dict[str, object]:
        """As smart campaigns and lists write it."""
        return {"id": self.id, "type": self.type}


@dataclass
class Asset:
    """What every asset has."""

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
    """Read a folder parameter: JSON in a form field, which a form-encoding client easily forgets."""
    if not text:
        raise MarketoError(701, f"{parameter} cannot be blank")
    place = _read_json(text) or _read_loosely(text)
    if place is None:
        raise MarketoError(1001, f"Invalid value '{text}'. Required of type 'folder'")
    # Samples write the type in small letters, too.
    kind = place.type.capitalize()
    if kind not in ("Folder", "Program"):
        raise MarketoError(711, f"Folder type '{place.type}' is not valid")
    return FolderRef(place.id, kind)


def _read_json(text: str) -> FolderRef | None:
    try:
        parsed = json.loads(text)
        return FolderRef(int(parsed["id"]), str(parsed["type"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _read_loosely(text: str) -> FolderRef | None:
    """Read what is nearly JSON: Marketo forgives wrong and missing quotes, and clients in use lean on it."""
    found = _LOOSE.fullmatch(text.strip())
    return FolderRef(int(found[1]), found[2]) if found else None
