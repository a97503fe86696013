"""Schemas of custom objects."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.parameters import TextProperties
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import JsonObject, Names, PathText, Text, endpoint, items

PROPERTIES_MAX = 1_000
"""Most custom properties of an object type."""
_READ, _WRITE = ("crm.schemas.custom.read",), ("crm.schemas.custom.write",)


class ObjectSchema(TypedDict):
    """A custom object: ``objectTypeId`` such as ``2-123``, and ``fullyQualifiedName`` are its names."""

    id: str
    objectTypeId: str
    fullyQualifiedName: str
    name: str
    labels: dict[str, str]
    requiredProperties: builtins.list[str]
    properties: builtins.list[JsonDict]
    primaryDisplayProperty: NotRequired[str | None]
    searchableProperties: NotRequired[builtins.list[str]]


@endpoint
def list(*, archived: bool = False) -> Call[builtins.list[ObjectSchema]]:
    """List the custom objects of the account, in one response.

    :param archived: return deleted ones instead.

    Source: ``GET /crm-object-schemas/{version}/schemas``.
    """
    return Call(
        "object_schemas.list",
        Route("GET", "object_schemas"),
        _schemas,
        Replay.SAFE,
        query=query_pairs(archived=archived or None),
        scopes=_READ,
    )


@endpoint
def get(object_type: PathText) -> Call[ObjectSchema]:
    """Read the schema of a custom object.

    :param object_type: its number or full name, such as ``2-123`` or ``p_machine``.
    :raises NotFound: when there is none.

    Source: ``GET /crm-object-schemas/{version}/schemas/{objectType}``.
    """
    return Call(
        "object_schemas.get",
        Route("GET", "object_schemas", "/{objectType}", path_params(objectType=object_type)),
        _schema,
        Replay.SAFE,
        scopes=_READ,
    )


@endpoint
def create(
    name: Text,
    labels: TextProperties,
    properties: Annotated[Sequence[JsonObject], items(PROPERTIES_MAX)],
    *,
    required_properties: Names = (),
    searchable_properties: Names = (),
    primary_display_property: Text | None = None,
    secondary_display_properties: Names = (),
    associated_objects: Names = (),
    description: str | None = None,
) -> Call[ObjectSchema]:
    """Create a custom object. Needs an Enterprise subscription.

    :param name: its name: letters, digits and underscores. It cannot be changed.
    :param labels: ``singular`` and ``plural``, as people see them.
    :param properties: its properties, 1-1,000, each with ``name``, ``label``, ``type`` and ``fieldType``;
        with ``hasUniqueValue`` they can be the key of an upsert.
    :param required_properties: properties that every record must have.
    :param searchable_properties: properties that a text is looked for in.
    :param primary_display_property: the property that names a record.
    :param secondary_display_properties: properties that are shown beside it.
    :param associated_objects: object types that its records can be associated with.
    :param description: what it is for.
    :raises Conflict: when there is a custom object of that name.

    Source: ``POST /crm-object-schemas/{version}/schemas``.
    """
    body: dict[str, Json] = {
        "name": name,
        "labels": dict(labels),
        "properties": [dict(one) for one in properties],
        "requiredProperties": [*required_properties],
        "searchableProperties": [*searchable_properties],
        "secondaryDisplayProperties": [*secondary_display_properties],
        "associatedObjects": [*associated_objects],
        # Dated versions require it.
        "allowsSensitiveProperties": False,
    }
    if primary_display_property is not None:
        body["primaryDisplayProperty"] = primary_display_property
    if description is not None:
        body["description"] = description
    return Call(
        "object_schemas.create",
        Route("POST", "object_schemas"),
        _schema,
        Replay.VERIFY,
        body=JsonBody(body),
        scopes=_WRITE,
    )


@endpoint
def delete(object_type: PathText) -> Call[None]:
    """Delete a custom object that has no records.

    :param object_type: its number or full name, such as ``2-123`` or ``p_machine``.
    :raises InvalidRequest: when it has records.
    :raises NotFound: when there is none.

    Source: ``DELETE /crm-object-schemas/{version}/schemas/{objectType}``.
    """
    return Call(
        "object_schemas.delete",
        Route("DELETE", "object_schemas", "/{objectType}", path_params(objectType=object_type)),
        nothing,
        Replay.SAFE,
        scopes=_WRITE,
    )


def _schema(envelope: Envelope) -> ObjectSchema:
    return cast("ObjectSchema", envelope)


def _schemas(envelope: Envelope) -> builtins.list[ObjectSchema]:
    return cast("builtins.list[ObjectSchema]", envelope["results"])
