"""The type of JSON objects in requests, responses and snapshots."""

from __future__ import annotations

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object, decoded or to be encoded. Its values are of any JSON type: each reader checks them."""
