"""Groups of properties."""

from __future__ import annotations

import builtins
from typing import TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.objects._types import ObjectTypeName, schema_scopes
from airflow_provider_mkt.client.parameters import Text, endpoint


class PropertyGroup(TypedDict):
    name: str
    label: str
    displayOrder: int
    archived: bool


@endpoint
def list(object_type: ObjectTypeName) -> Call[builtins.list[PropertyGroup]]:
    """List the property groups of an object type, in one response.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.

    Source: ``GET /crm/{version}/properties/{objectType}/groups``.
    """
    return Call(
        "property_groups.list",
        _route("GET", object_type),
        _groups,
        Replay.SAFE,
        scopes=schema_scopes(object_type, "read"),
    )


@endpoint
def create(
    object_type: ObjectTypeName, name: Text, label: Text, *, display_order: int | None = None
) -> Call[PropertyGroup]:
    """Create a property group.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.
    :param name: its internal name.
    :param label: its name as people see it.
    :param display_order: its place; -1 for the end.
    :raises Conflict: when there is a group of that name.

    Source: ``POST /crm/{version}/properties/{objectType}/groups``.
    """
    body: dict[str, Json] = {"name": name, "label": label}
    if display_order is not None:
        body["displayOrder"] = display_order
    return Call(
        "property_groups.create",
        _route("POST", object_type),
        _group,
        # The name is the key: a repeat is refused.
        Replay.SAFE,
        body=JsonBody(body),
        scopes=schema_scopes(object_type, "write"),
    )


def _route(method: str, object_type: str) -> Route:
    return Route(method, "properties", "/{objectType}/groups", path_params(objectType=object_type))


def _group(envelope: Envelope) -> PropertyGroup:
    return cast("PropertyGroup", envelope)


def _groups(envelope: Envelope) -> builtins.list[PropertyGroup]:
    return cast("builtins.list[PropertyGroup]", envelope["results"])
