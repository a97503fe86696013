"""The type of JSON objects whose fields are not described."""

from __future__ import annotations

from typing import Any, TypeAlias

JsonDict: TypeAlias = dict[str, Any]
"""A JSON object, mostly inside a response. Its values are whatever the platform sent, hence ``Any``."""
