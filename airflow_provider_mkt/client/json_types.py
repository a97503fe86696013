"""Types of JSON values, and of JSON objects whose fields are not described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from typing_extensions import TypeAliasType

# A TypeAliasType, because pydantic must be able to resolve it from the modules that use it.
Json = TypeAliasType("Json", "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None")

JsonDict: TypeAlias = dict[str, Any]
"""A JSON object, mostly inside a response. Its values are whatever the platform sent, hence ``Any``."""
