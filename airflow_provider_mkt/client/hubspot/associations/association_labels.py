"""Types of associations between two object types, and their labels."""

from __future__ import annotations

import builtins
from typing import cast

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.associations.associations import AssociationType
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.objects._types import ObjectTypeName, record_scopes
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import NumericId, Text, endpoint


@endpoint
def list(
    from_object_type: ObjectTypeName, to_object_type: ObjectTypeName
) -> Call[builtins.list[AssociationType]]:
    """List the types of associations from one object type to another, in one response.

    :param from_object_type: e.g. ``contacts``.
    :param to_object_type: e.g. ``companies``.
    :returns: the types, the default one without a label.

    Source: ``GET /crm/{version}/associations/{fromObjectType}/{toObjectType}/labels``.
    """
    return Call(
        "association_labels.list",
        _route("GET", from_object_type, to_object_type),
        _types,
        Replay.SAFE,
        scopes=_scopes(from_object_type, to_object_type, "read"),
    )


@endpoint
def create(
    from_object_type: ObjectTypeName,
    to_object_type: ObjectTypeName,
    name: Text,
    label: Text,
    *,
    inverse_label: Text | None = None,
) -> Call[builtins.list[AssociationType]]:
    """Create a label of associations between two object types.

    :param from_object_type: e.g. ``contacts``.
    :param to_object_type: e.g. ``companies``.
    :param name: its internal name.
    :param label: its text, as people see it.
    :param inverse_label: the text in the other direction; the same when not given.
    :returns: the types in both directions.
    :raises InvalidRequest: when there is such a label, or there are too many.

    Source: ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/labels``.
    """
    body = {"name": name, "label": label}
    if inverse_label is not None:
        body["inverseLabel"] = inverse_label
    return Call(
        "association_labels.create",
        _route("POST", from_object_type, to_object_type),
        _types,
        Replay.VERIFY,
        body=JsonBody(body),
        scopes=_scopes(from_object_type, to_object_type, "write"),
    )


@endpoint
def update(
    from_object_type: ObjectTypeName,
    to_object_type: ObjectTypeName,
    type_id: NumericId,
    label: Text,
    *,
    inverse_label: Text | None = None,
) -> Call[None]:
    """Change the text of a label. Its internal name does not change.

    :param from_object_type: e.g. ``contacts``.
    :param to_object_type: e.g. ``companies``.
    :param type_id: the label's association type in this direction, from ``association_labels.list``.
    :param label: its new text.
    :param inverse_label: the new text in the other direction.
    :raises InvalidRequest: when there is no such label, or another one has the text.

    Source: ``PUT /crm/{version}/associations/{fromObjectType}/{toObjectType}/labels``.
    """
    body: JsonDict = {"associationTypeId": type_id, "label": label}
    if inverse_label is not None:
        body["inverseLabel"] = inverse_label
    return Call(
        "association_labels.update",
        _route("PUT", from_object_type, to_object_type),
        nothing,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=_scopes(from_object_type, to_object_type, "write"),
    )


@endpoint
def delete(
    from_object_type: ObjectTypeName, to_object_type: ObjectTypeName, type_id: NumericId
) -> Call[None]:
    """Delete a label in both directions. Records that have it stay associated.

    :param from_object_type: e.g. ``contacts``.
    :param to_object_type: e.g. ``companies``.
    :param type_id: the label's association type in this direction, from ``association_labels.list``.
    :raises InvalidRequest: when there is no such label.

    Source: ``DELETE /crm/{version}/associations/{fromObjectType}/{toObjectType}/labels/{associationTypeId}``.
    """
    return Call(
        "association_labels.delete",
        _route("DELETE", from_object_type, to_object_type, type_id),
        nothing,
        Replay.SAFE,
        scopes=_scopes(from_object_type, to_object_type, "write"),
    )


def _route(
    method: str, from_object_type: str, to_object_type: str, type_id: int | str | None = None
) -> Route:
    params = path_params(fromObjectType=from_object_type, toObjectType=to_object_type)
    template = "/{fromObjectType}/{toObjectType}/labels"
    if type_id is not None:
        template += "/{associationTypeId}"
        params = (*params, *path_params(associationTypeId=type_id))
    return Route(method, "associations", template, params)


def _scopes(one: str, other: str, access: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*record_scopes(one, access), *record_scopes(other, access))))


def _types(envelope: Envelope) -> builtins.list[AssociationType]:
    return cast("builtins.list[AssociationType]", envelope["results"])
