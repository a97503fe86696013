"""Where assets live, and the parameters that say so."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.problems import Problem

WORKSPACE = "Default"


@dataclass(frozen=True)
class Place:
    """A folder or a program, as assets name the one they are in."""

    id: int
    type: str

    def nested(self, name: str) -> dict[str, object]:
        """As programs and emails write it."""
        return {"type": self.type, "value": self.id, "folderName": name}

    def flat(self) -> dict[str, object]:
        """As smart campaigns and lists write it."""
        return {"id": self.id, "type": self.type}


@dataclass
class Asset:
    """What every asset has."""

    id: int
    name: str
    folder: Place
    created_at: datetime
    updated_at: datetime
    description: str = field(default="", kw_only=True)


@dataclass
class Folder(Asset):
    kind: str = "Marketing Folder"
    system: bool = False


def read_place(text: str | None, parameter: str = "folder") -> Place:
    """Read a folder parameter: JSON in a form field, which a form-encoding client easily forgets."""
    if not text:
        raise Problem(701, f"{parameter} cannot be blank")
    try:
        said = json.loads(text)
        place = Place(int(said["id"]), str(said["type"]))
    except (ValueError, TypeError, KeyError):
        raise Problem(1001, f"Invalid value '{text}'. Required of type 'folder'") from None
    if place.type not in ("Folder", "Program"):
        raise Problem(711, f"Folder type '{place.type}' is not valid")
    return place
