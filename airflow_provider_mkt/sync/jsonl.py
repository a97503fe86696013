"""Values as lines of JSON."""

from __future__ import annotations

import json
from datetime import date
from typing import Any


def json_line(value: object) -> str:
    """A line of JSON Lines. A model is written by its fields; what JSON does not know, as text."""
    line = json.dumps(value, ensure_ascii=False, skipkeys=True, default=_plain) + "\n"
    try:
        line.encode()
    except UnicodeEncodeError:
        # Half a character fits no file, only its escape does.
        line = json.dumps(value, skipkeys=True, default=_plain) + "\n"
    return line


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    return value.isoformat() if isinstance(value, date) else str(value)
