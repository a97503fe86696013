"""JSON objects in requests, responses and snapshots."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar, cast

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object, decoded or to be encoded. Its values are of any JSON type: each reader checks them."""

JsonT = TypeVar("JsonT")


def copied(value: JsonT) -> JsonT:
    """Return a copy of a JSON value that shares no object or array with it.

    ``copy.deepcopy`` takes several times as long, because it looks for cycles.
    """
    given: Any = value
    copy: Any = value
    if type(given) is dict:
        copy = {name: copied(inner) for name, inner in given.items()}
    elif type(given) is list:
        copy = [copied(inner) for inner in given]
    return cast("JsonT", copy)
