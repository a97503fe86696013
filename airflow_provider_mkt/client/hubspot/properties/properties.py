"""Definitions of properties."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
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
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import as_inputs, nothing
from airflow_provider_mkt.client.hubspot.objects._types import ObjectTypeName, schema_scopes
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import (
    Check,
    JsonObject,
    PathText,
    Text,
    endpoint,
    items,
    one_of,
    required_str,
)
from airflow_provider_mkt.client.redaction import describe_type

SENSITIVITIES = ("non_sensitive", "sensitive", "highly_sensitive")
BATCH_MAX = 100
"""Most properties in one batch. HubSpot does not document it."""
_REQUIRED = ("name", "label", "type", "fieldType", "groupName")


class Changeable(TypedDict):
    """What can be changed.

    :param readOnlyValue: whether the platform alone sets the values.
    """

    archivable: bool
    readOnlyDefinition: bool
    readOnlyValue: bool


class Property(TypedDict):
    """The definition of a property. ``fieldType`` is ``checkbox`` where several options can be chosen."""

    name: str
    label: str
    type: str
    fieldType: str
    groupName: str
    options: builtins.list[JsonDict]
    calculated: NotRequired[bool]
    hasUniqueValue: NotRequired[bool]
    modificationMetadata: NotRequired[Changeable]


@endpoint
def list(
    object_type: ObjectTypeName,
    *,
    archived: bool = False,
    data_sensitivity: Annotated[str, one_of(*SENSITIVITIES)] | None = None,
) -> Call[builtins.list[Property]]:
    """List all properties of an object type, in one response.

    :param object_type: e.g. ``contacts``, or its number, such as ``0-1``.
    :param archived: return archived properties instead.
    :param data_sensitivity: ``non_sensitive``, ``sensitive`` or ``highly_sensitive``; HubSpot lists the first
        when not given.
    :returns: the definitions.
    :raises InvalidRequest: when the object type is unknown.

    Source: ``GET /crm/{version}/properties/{objectType}``.
    """
    return Call(
        "properties.list",
        Route("GET", "properties", "/{objectType}", path_params(objectType=object_type)),
        _properties,
        Replay.SAFE,
        query=query_pairs(archived=archived or None, dataSensitivity=data_sensitivity),
        scopes=schema_scopes(object_type, "read"),
    )


class PropertyBatch(TypedDict):
    """A batch response: the properties, and the errors of the others."""

    results: builtins.list[Property]
    errors: builtins.list[JsonDict]


def _definitions(field: str, definitions: Sequence[Mapping[str, Json]]) -> Sequence[Mapping[str, Json]]:
    for index, one in enumerate(definitions):
        if not isinstance(one, Mapping):
            raise InvalidInput(f"{field}[{index}]", f"must be a mapping, not {describe_type(one)}")
        for name in _REQUIRED:
            required_str(f"{field}[{index}].{name}", one.get(name, ""))
    return definitions


Definitions = Annotated[Sequence[JsonObject], items(BATCH_MAX), Check(_definitions)]
"""Definitions of properties in HubSpot's format."""


@endpoint
def get(object_type: ObjectTypeName, name: PathText, *, archived: bool = False) -> Call[Property]:
    """Read the definition of a property.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.
    :param name: its internal name.
    :param archived: read an archived property instead.
    :raises NotFound: when there is none.

    Source: ``GET /crm/{version}/properties/{objectType}/{propertyName}``.
    """
    return Call(
        "properties.get",
        _one("GET", object_type, name),
        _property,
        Replay.SAFE,
        query=query_pairs(archived=archived or None),
        scopes=schema_scopes(object_type, "read"),
    )


@endpoint
def create(
    object_type: ObjectTypeName,
    name: Text,
    label: Text,
    type: Text,
    field_type: Text,
    group_name: Text,
    *,
    options: Sequence[JsonObject] = (),
    description: str | None = None,
    has_unique_value: bool = False,
    more: JsonObject | None = None,
) -> Call[Property]:
    """Create a property. Creating an archived one restores it.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.
    :param name: its internal name: lower-case letters, digits and underscores. It cannot be changed.
    :param label: its name as people see it.
    :param type: ``string``, ``number``, ``bool``, ``date``, ``datetime``, ``enumeration`` or
        ``phone_number``.
    :param field_type: how it is shown: ``text``, ``textarea``, ``number``, ``date``, ``select``,
        ``checkbox`` (several options), ``radio``, ``booleancheckbox`` ...
    :param group_name: the property group that it belongs to.
    :param options: of an enumeration, each with ``label`` and ``value``.
    :param description: what it is for.
    :param has_unique_value: whether two records cannot have the same value, so that it can be the key of an
        upsert. It cannot be changed, and an object type has at most 10 such properties.
    :param more: other fields of the definition, in HubSpot's format.
    :raises Conflict: when there is a property of that name.
    :raises InvalidRequest: when the group does not exist, or the definition is not valid.

    Source: ``POST /crm/{version}/properties/{objectType}``.
    """
    body: dict[str, Json] = {
        **(more or {}),
        "name": name,
        "label": label,
        "type": type,
        "fieldType": field_type,
        "groupName": group_name,
        "hasUniqueValue": has_unique_value,
    }
    if options:
        body["options"] = _ordered(options)
    if description is not None:
        body["description"] = description
    return Call(
        "properties.create",
        _all("POST", object_type),
        _property,
        # The name is the key: a repeat is refused.
        Replay.SAFE,
        body=JsonBody(body),
        scopes=schema_scopes(object_type, "write"),
    )


@endpoint
def update(object_type: ObjectTypeName, name: PathText, changes: JsonObject) -> Call[Property]:
    """Update the definition of a property.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.
    :param name: its internal name.
    :param changes: any of ``label``, ``description``, ``groupName``, ``displayOrder``, ``hidden``,
        ``formField``, ``options``, ``type`` and ``fieldType``. ``options`` replaces the whole list.
    :raises InvalidInput: when there is nothing to change.
    :raises NotFound: when there is no such property.

    Source: ``PATCH /crm/{version}/properties/{objectType}/{propertyName}``.
    """
    if not changes:
        raise InvalidInput("changes", "is empty: nothing to change")
    return Call(
        "properties.update",
        _one("PATCH", object_type, name),
        _property,
        Replay.SAFE,
        body=JsonBody(dict(changes)),
        scopes=schema_scopes(object_type, "write"),
    )


@endpoint
def archive(object_type: ObjectTypeName, name: PathText) -> Call[None]:
    """Archive a property with its values. It is kept for 90 days; creating it again restores it.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.
    :param name: its internal name.
    :raises InvalidRequest: when it is in use, or is HubSpot's own.

    Source: ``DELETE /crm/{version}/properties/{objectType}/{propertyName}``.
    """
    return Call(
        "properties.archive",
        _one("DELETE", object_type, name),
        nothing,
        Replay.SAFE,
        scopes=schema_scopes(object_type, "write"),
    )


@endpoint
def batch_create(object_type: ObjectTypeName, definitions: Definitions) -> Call[PropertyBatch]:
    """Create up to 100 properties.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.
    :param definitions: in HubSpot's format, each with ``name``, ``label``, ``type``, ``fieldType`` and
        ``groupName``.
    :returns: the created properties, and the errors of the others, as of those that exist.

    Source: ``POST /crm/{version}/properties/{objectType}/batch/create``.
    """
    return Call(
        "properties.batch_create",
        _batch(object_type, "create"),
        _read_batch,
        Replay.SAFE,
        body=JsonBody(as_inputs(definitions)),
        scopes=schema_scopes(object_type, "write"),
    )


@endpoint
def batch_read(
    object_type: ObjectTypeName, names: Annotated[Sequence[Text], items(BATCH_MAX)], *, archived: bool = False
) -> Call[PropertyBatch]:
    """Read up to 100 properties.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.
    :param names: their internal names.
    :param archived: read archived properties instead.
    :returns: those that exist, and errors for the others.

    Source: ``POST /crm/{version}/properties/{objectType}/batch/read``.
    """
    body: dict[str, Json] = {
        "inputs": [{"name": name} for name in names],
        "archived": archived,
        "dataSensitivity": SENSITIVITIES[0],
    }
    return Call(
        "properties.batch_read",
        _batch(object_type, "read"),
        _read_batch,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=schema_scopes(object_type, "read"),
    )


@endpoint
def batch_archive(
    object_type: ObjectTypeName, names: Annotated[Sequence[Text], items(BATCH_MAX)]
) -> Call[None]:
    """Archive up to 100 properties. HubSpot does not report which of them existed.

    :param object_type: e.g. ``companies``, or its number, such as ``0-2``.
    :param names: their internal names.

    Source: ``POST /crm/{version}/properties/{objectType}/batch/archive``.
    """
    return Call(
        "properties.batch_archive",
        _batch(object_type, "archive"),
        nothing,
        Replay.SAFE,
        body=JsonBody(as_inputs([{"name": name} for name in names])),
        scopes=schema_scopes(object_type, "write"),
    )


def _all(method: str, object_type: str) -> Route:
    return Route(method, "properties", "/{objectType}", path_params(objectType=object_type))


def _one(method: str, object_type: str, name: str) -> Route:
    params = path_params(objectType=object_type, propertyName=name)
    return Route(method, "properties", "/{objectType}/{propertyName}", params)


def _batch(object_type: str, verb: str) -> Route:
    return Route("POST", "properties", f"/{{objectType}}/batch/{verb}", path_params(objectType=object_type))


def _ordered(options: Sequence[Mapping[str, Json]]) -> Json:
    # Dated versions require the order.
    return [{"displayOrder": place, "hidden": False, **one} for place, one in enumerate(options)]


def _property(envelope: Envelope) -> Property:
    return cast("Property", envelope)


def _read_batch(envelope: Envelope) -> PropertyBatch:
    return {"results": envelope["results"], "errors": envelope.get("errors") or []}


def _properties(envelope: Envelope) -> builtins.list[Property]:
    return cast("builtins.list[Property]", envelope["results"])
