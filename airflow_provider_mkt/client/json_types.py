"""The type of decoded JSON objects."""

from __future__ import annotations

from typing import Any, TypeAlias

JsonDict: TypeAlias = dict[str, Any]
"""A decoded JSON object inside a response. Its values are whatever the platform sent, hence ``Any``."""
