"""Custom object types. Changes are made to a draft, which becomes the live version when approved."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from airflow_provider_mkt.client.call import Call, Json, Replay, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.custom_objects.custom_objects import ApiName
from airflow_provider_mkt.client.marketo.record_calls import Action as Action
from airflow_provider_mkt.client.marketo.requests import NAME_MAX, ShortText, read, records, write
from airflow_provider_mkt.client.marketo.responses import no_result, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import DependentAsset, LinkableObject, ObjectType
from airflow_provider_mkt.client.parameters import (
    Check,
    Names,
    endpoint,
    items,
    known_value,
    mapping,
    path_segment,
    text_or_empty,
)
from airflow_provider_mkt.client.redaction import describe_type

FIELDS_MAX = 50
DATA_TYPES = (
    "string",
    "boolean",
    "integer",
    "float",
    "link",
    "email",
    "currency",
    "date",
    "datetime",
    "phone",
    "text",
)
State = Literal["draft", "approved", "approvedWithDraft"]
FieldName = Annotated[ShortText, Check(path_segment)]
_READ = ("Read-Only Custom Object Type",)
_WRITE = ("Read-Write Custom Object Type",)
_NAME = re.compile(r"[A-Za-z0-9_]+")
_CHANGEABLE = ("name", "displayName", "dataType", "description", "isDedupeField", "relatedTo")
_TYPE = "/customobjects/schema/{apiName}"


@endpoint
def list(*, names: Names = (), state: State | None = None) -> Call[builtins.list[ObjectType]]:
    """List the custom object types with their state.

    :param names: API names of the types to return; all when empty.
    :param state: ``draft``, ``approved`` or ``approvedWithDraft``; any when not given.

    Source: ``GET /rest/v1/customobjects/schema.json``.
    """
    return read(
        "custom_object_types.list",
        "/customobjects/schema.json",
        rows_as(ObjectType),
        query=query_pairs(names=comma_joined(names), state=state),
        scopes=_READ,
    )


@endpoint
def get(api_name: ApiName, *, state: State | None = None) -> Call[ObjectType]:
    """Read a custom object type with its state.

    :param api_name: API name of the type.
    :param state: the version to read; the approved one when not given, or the draft where there is none.

    Source: ``GET /rest/v1/customobjects/schema/{apiName}/describe.json``.
    """
    return read(
        "custom_object_types.get",
        _TYPE + "/describe.json",
        only_row_as(ObjectType),
        params=path_params(apiName=api_name),
        query=query_pairs(state=state),
        scopes=_READ,
    )


@endpoint
def sync(
    api_name: str,
    display_name: ShortText,
    *,
    action: Action = "createOrUpdate",
    plural_name: Annotated[str, text_or_empty(NAME_MAX)] | None = None,
    description: Annotated[str, text_or_empty(NAME_MAX)] | None = None,
    show_in_lead_detail: bool | None = None,
) -> Call[None]:
    """Create a custom object type as a draft, or change a draft. An instance can have ten types.

    :param api_name: API name of letters, digits and ``_``, which no other type has.
    :param display_name: display name; fixed once the type is approved.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param plural_name: name of several records.
    :param description: description.
    :param show_in_lead_detail: show the records of a lead on its page; false when not given.

    Source: ``POST /rest/v1/customobjects/schema.json``.
    """
    if not isinstance(api_name, str) or not _NAME.fullmatch(api_name):
        raise InvalidInput("api_name", f"must be letters, digits and _, not {describe_type(api_name)}")
    given = {
        "pluralName": plural_name,
        "description": description,
        "showInLeadDetail": show_in_lead_detail,
    }
    body: dict[str, Json] = {
        "action": action,
        "apiName": api_name,
        "displayName": display_name,
        **{name: value for name, value in given.items() if value is not None},
    }
    return write(
        "custom_object_types.sync",
        "/customobjects/schema.json",
        no_result,
        Replay.VERIFY,
        body=body,
        scopes=_WRITE,
    )


@endpoint
def add_fields(api_name: ApiName, fields: Sequence[Mapping[str, object]]) -> Call[None]:
    """Add fields to a type's draft. A type has at most 50, three of them dedupe fields.

    :param api_name: API name of the type.
    :param fields: 1-50 mappings of ``name``, ``displayName`` and ``dataType``, optionally with
        ``description``, ``isDedupeField`` and ``relatedTo``: the ``name`` of an object and its ``field``,
        for fields of data type ``link``.

    Source: ``POST /rest/v1/customobjects/schema/{apiName}/addField.json``.
    """
    rows = records("fields", fields, required=("name", "displayName", "dataType"), at_most=FIELDS_MAX)
    for index, row in enumerate(rows):
        known_value(f"fields[{index}].dataType", row["dataType"], DATA_TYPES)
        if not isinstance(row["name"], str) or not _NAME.fullmatch(row["name"]):
            raise InvalidInput(f"fields[{index}].name", "must be letters, digits and _")
        if (row["dataType"] == "link") != bool(row.get("relatedTo")):
            raise InvalidInput(
                f"fields[{index}].relatedTo", "belongs to fields of data type link, and only there"
            )
    return _change("custom_object_types.add_fields", api_name, "/addField.json", {"input": [*rows]})


@endpoint
def update_field(api_name: ApiName, field_name: FieldName, changes: Mapping[str, object]) -> Call[None]:
    """Change a field of a type's draft.

    :param api_name: API name of the type.
    :param field_name: API name of the field.
    :param changes: any of ``name``, ``displayName``, ``dataType``, ``description``, ``isDedupeField`` and
        ``relatedTo``. Link fields and dedupe fields of an approved type are fixed.

    Source: ``POST /rest/v1/customobjects/schema/{apiName}/{fieldApiName}/updateField.json``.
    """
    if not isinstance(changes, Mapping) or not changes:
        raise InvalidInput("changes", f"must be a mapping of what to change, not {describe_type(changes)}")
    for key in changes:
        known_value("changes", key, _CHANGEABLE)
    if "dataType" in changes:
        known_value("changes.dataType", changes["dataType"], DATA_TYPES)
    return write(
        "custom_object_types.update_field",
        _TYPE + "/{fieldApiName}/updateField.json",
        no_result,
        Replay.VERIFY,
        body=mapping("changes", changes),
        params=path_params(apiName=api_name, fieldApiName=field_name),
        scopes=_WRITE,
    )


@endpoint
def delete_fields(
    api_name: ApiName, field_names: Annotated[Sequence[ShortText], items(FIELDS_MAX)]
) -> Call[None]:
    """Delete fields of a type's draft.

    :param api_name: API name of the type.
    :param field_names: 1-50 API names of fields.

    Source: ``POST /rest/v1/customobjects/schema/{apiName}/deleteField.json``.
    """
    rows: builtins.list[Json] = [{"name": name} for name in field_names]
    return _change("custom_object_types.delete_fields", api_name, "/deleteField.json", {"input": rows})


@endpoint
def approve(api_name: ApiName) -> Call[None]:
    """Approve a type's draft, which becomes the live version.

    Its API name, display name, link fields and dedupe fields are fixed from then on.

    :param api_name: API name of a type with a draft.

    Source: ``POST /rest/v1/customobjects/schema/{apiName}/approve.json``.
    """
    return _change("custom_object_types.approve", api_name, "/approve.json")


@endpoint
def discard_draft(api_name: ApiName) -> Call[None]:
    """Discard a type's draft.

    :param api_name: API name of an approved type with a draft.

    Source: ``POST /rest/v1/customobjects/schema/{apiName}/discardDraft.json``.
    """
    return _change("custom_object_types.discard_draft", api_name, "/discardDraft.json")


@endpoint
def delete(api_name: ApiName) -> Call[None]:
    """Delete a type that no asset uses, with its records. It cannot be undone.

    :param api_name: API name of the type.

    Source: ``POST /rest/v1/customobjects/schema/{apiName}/delete.json``.
    """
    return _change("custom_object_types.delete", api_name, "/delete.json")


@endpoint
def data_types() -> Call[builtins.list[str]]:
    """List the data types that fields of custom objects can have.

    Source: ``GET /rest/v1/customobjects/schema/fieldDataTypes.json``.
    """
    return read(
        "custom_object_types.data_types",
        "/customobjects/schema/fieldDataTypes.json",
        rows_as(str),
        scopes=_READ,
    )


@endpoint
def linkable_objects() -> Call[builtins.list[LinkableObject]]:
    """List the objects that link fields can lead to, and which of their fields.

    Source: ``GET /rest/v1/customobjects/schema/linkableObjects.json``.
    """
    return read(
        "custom_object_types.linkable_objects",
        "/customobjects/schema/linkableObjects.json",
        rows_as(LinkableObject),
        scopes=_READ,
    )


@endpoint
def dependent_assets(api_name: ApiName) -> Call[builtins.list[DependentAsset]]:
    """List the assets that use a type, which cannot be deleted as long as there are any.

    :param api_name: API name of the type.

    Source: ``GET /rest/v1/customobjects/schema/{apiName}/dependentAssets.json``.
    """
    return read(
        "custom_object_types.dependent_assets",
        _TYPE + "/dependentAssets.json",
        rows_as(DependentAsset),
        params=path_params(apiName=api_name),
        scopes=_READ,
    )


def _change(name: str, api_name: str, end: str, body: dict[str, Json] | None = None) -> Call[None]:
    """A change of the schema: valid from one state alone, so that the state tells whether it was done."""
    return write(
        name,
        _TYPE + end,
        no_result,
        Replay.VERIFY,
        body=body,
        params=path_params(apiName=api_name),
        scopes=_WRITE,
    )
